// How a setting is written in words: for help and for the reference page.

import { SETTINGS, type SettingName } from './settings.ts';

/** `-b ADDRESS`, `--bind ADDRESS`; none for a setting that is not on the command line. */
export function flagForms(name: SettingName): string[] {
  const { flags, kind, metavar = kind.metavar } = SETTINGS[name];
  const value = kind.bare === undefined ? metavar : `[${metavar}]`;
  return flags.map((flag) => (metavar === null ? flag : `${flag} ${value}`));
}

/** The default in the setting's own grammar, or in words; null when there is nothing to show. */
export function defaultText(name: SettingName): string | null {
  const row = SETTINGS[name];
  if (row.defaultText !== undefined) return row.defaultText;
  const isSwitch = row.kind.metavar === null;
  if (isSwitch || row.default === null || typeof row.default === 'function') return null;
  const shown = row.kind.show(row.default as NonNullable<unknown>);
  const text = typeof shown === 'object' ? shown.join(',') : String(shown);
  return text === '' ? null : text;
}
