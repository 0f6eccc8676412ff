import { isDeepStrictEqual } from 'node:util';
import { SETTING_NAMES, SETTINGS, type Settings } from './settings.ts';
import type { Sources } from './sources.ts';

/** Something about the configuration that is said once, at the start. */
export interface Notice {
  readonly level: 'info' | 'warning';
  readonly message: string;
}

/** Settings that were set and have no effect. */
export function settingNotices(settings: Settings, sources: Sources): Notice[] {
  return SETTING_NAMES.flatMap((name) => {
    const { without, default: usual } = SETTINGS[name];
    if (without === undefined || sources[name] === 'default') return [];
    if (isDeepStrictEqual(settings[name], usual)) return [];
    return [{ level: 'info', message: `${name} (from ${sources[name]}) has no effect: ${without}` }];
  });
}
