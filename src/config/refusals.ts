import { isDeepStrictEqual } from 'node:util';
import { SETTINGS, type SettingName } from './settings.ts';

/** Why the value of a setting, which is well formed, is refused all the same, or null when it is not. */
export function refusal(name: SettingName, values: Readonly<Record<string, unknown>>): string | null {
  const { refused, accepts, default: usual } = SETTINGS[name];
  const value = values[name];
  if (refused === undefined || value === undefined || isDeepStrictEqual(value, usual) || accepts?.(value))
    return null;
  return refused;
}
