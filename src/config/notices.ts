import { isDeepStrictEqual } from 'node:util';
import { SETTING_NAMES, SETTINGS, type Settings } from './settings.ts';
import type { Sources } from './sources.ts';

/** Something about the configuration that is said once, at the start. */
export interface Notice {
  readonly level: 'info' | 'warning';
  readonly message: string;
}

/** Settings that were set and have no effect, or one that should be known. */
export function settingNotices(settings: Settings, sources: Sources): Notice[] {
  return SETTING_NAMES.flatMap((name) => {
    const { without, caution, default: usual } = SETTINGS[name];
    if (sources[name] === 'default' || isDeepStrictEqual(settings[name], usual)) return [];
    const source = `${name} (from ${sources[name]})`;
    const notices: Notice[] = [];
    if (without !== undefined)
      notices.push({ level: 'info', message: `${source} has no effect: ${without}` });
    if (caution !== undefined) notices.push({ level: 'warning', message: `${source}: ${caution}` });
    return notices;
  });
}
