// The settings of one table of a kirin.toml: those at its top, or those of an application.

import { nearest } from '../../base/edit-distance.ts';
import { APP_SETTINGS } from '../app-settings.ts';
import type { Given } from '../command-line.ts';
import { isServerHook } from '../server-hooks.ts';
import { type FileValue, ValueProblem } from '../setting.ts';
import { SETTING_NAMES, SETTINGS, type SettingName } from '../settings.ts';
import { placeOfNginxName } from './nginx-names.ts';
import type { TomlContext } from './table-reader.ts';
import { placeIn, type TomlTable } from './toml-node.ts';
import { fileValue } from './toml-value.ts';

/** What APP_MODULE is on the command line; `wsgi_app`, Gunicorn's name for it, is taken, too. */
export const APP = 'app';

/** About the command, not about the server. */
const COMMANDS: ReadonlySet<string> = new Set(['config', 'check_config', 'print_config']);

/** Whether the setting may stand in a kirin.toml. */
export function isTomlSetting(name: string): name is SettingName {
  return name in SETTINGS && !COMMANDS.has(name);
}

export function isAppSetting(name: SettingName): boolean {
  return APP_SETTINGS.has(name);
}

export function tomlKeyOf(name: SettingName): string {
  return name === 'wsgi_app' ? APP : name;
}

/** `by`: where it stands, for people; `others`: keys that are no settings. */
export function givenIn(
  table: TomlTable,
  { by, others, isApp }: { readonly by: string; readonly others: readonly string[]; readonly isApp: boolean },
  { file, folder, problems }: TomlContext,
): Given[] {
  const given: Given[] = [];
  for (const [key, entry] of table.entries) {
    if (others.includes(key)) continue;
    const { place } = entry;
    const { text } = entry.node;
    const setting = key === APP ? 'wsgi_app' : key;
    const value = fileValue(entry.node);
    const earlier = given.find((each) => each.name === setting);
    if (!isTomlSetting(setting)) {
      problems.push({ place, message: whyUnknown(key, isApp ? [] : others, isApp) });
    } else if (isApp && !isAppSetting(setting)) {
      problems.push({
        place,
        message: `${key} is set for the whole of Kirin: put it at the top of the file`,
      });
    } else if (earlier !== undefined) {
      problems.push({ place, message: `${APP} and wsgi_app are the same setting; leave one out` });
    } else if (value instanceof ValueProblem || isNoTruth(setting, value)) {
      const complaint = value instanceof ValueProblem ? value.message : `a boolean; ${kindOf(setting)}`;
      problems.push({ place, message: `${key} = ${text}: ${complaint}` });
    } else {
      given.push({ name: setting, text, by, value, place: placeIn(file, place), folder });
    }
  }
  return given;
}

/** In Python True is a number; in TOML it is none. */
function isNoTruth(setting: SettingName, value: FileValue): boolean {
  return typeof value === 'boolean' && [SETTINGS[setting].kind.schema?.type].flat().some(isNumeric);
}

const isNumeric = (type: string | undefined): boolean => type === 'integer' || type === 'number';

function kindOf(setting: SettingName): string {
  const types = [SETTINGS[setting].kind.schema?.type].flat();
  return `give ${types.includes('integer') ? 'a whole number' : 'a number'}`;
}

function whyUnknown(key: string, others: readonly string[], isApp: boolean): string {
  if (COMMANDS.has(key)) return `${key} belongs on the command line`;
  if (isServerHook(key)) {
    return `${key} is a server hook, which only a Python file can have; use gunicorn.conf.py`;
  }
  const settings = SETTING_NAMES.filter((name) => isTomlSetting(name) && (!isApp || isAppSetting(name)));
  const known = [APP, ...others, ...settings];
  const place = placeOfNginxName(key, known);
  if (place !== null) return `${key} is no setting; what nginx says by it stands in ${place}`;
  const meant = ofFlag(key) ?? nearest(key, known);
  return `${key} is no setting${meant === null ? '' : `; did you mean ${meant}?`}`;
}

/** `max-requests` or `keep_alive`, after the flag: the settings are `max_requests` and `keepalive`. */
function ofFlag(key: string): SettingName | null {
  const flag = `--${key.replaceAll('_', '-')}`;
  return SETTING_NAMES.find((name) => isTomlSetting(name) && SETTINGS[name].flags.includes(flag)) ?? null;
}
