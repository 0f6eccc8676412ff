// What a kirin.toml sets: the settings, by their names, and `app`, which is what to run.

import { nearest } from '../../base/edit-distance.ts';
import type { Given } from '../command-line.ts';
import type { Problem } from '../config-error.ts';
import type { FileSettings } from '../file-settings.ts';
import { isServerHook } from '../server-hooks.ts';
import { type FileValue, ValueProblem } from '../setting.ts';
import { SETTING_NAMES, SETTINGS, type SettingName } from '../settings.ts';
import { FRONT_KEYS, readFront } from '../sites/read-front.ts';
import type { TomlProblem } from './table-reader.ts';
import { placeIn, type TomlTable } from './toml-node.ts';
import { fileValue } from './toml-value.ts';

/** What APP_MODULE is on the command line; `wsgi_app`, Gunicorn's name for it, is taken, too. */
const APP = 'app';

/** About the command, not about the server. */
const COMMANDS: ReadonlySet<string> = new Set(['config', 'check_config', 'print_config']);

/** Whether the setting may stand in a kirin.toml. */
export function isTomlSetting(name: string): name is SettingName {
  return name in SETTINGS && !COMMANDS.has(name);
}

export function tomlKeyOf(name: SettingName): string {
  return name === 'wsgi_app' ? APP : name;
}

/**
 * `name` is the file's as people know it, `folder` the absolute one it lies in: what is relative is so to that folder, from wherever
 * kirin is started.
 */
export function tomlSettings(name: string, folder: string, document: TomlTable): FileSettings {
  const given: Given[] = [];
  const problems: TomlProblem[] = [];
  const front = readFront({ file: name, folder, document, problems });
  for (const [key, entry] of document.entries) {
    if (FRONT_KEYS.includes(key)) continue;
    const { place } = entry;
    const { text } = entry.node;
    const setting = key === APP ? 'wsgi_app' : key;
    const value = fileValue(entry.node);
    const earlier = given.find((each) => each.name === setting);
    if (!isTomlSetting(setting)) {
      problems.push({ place, message: whyUnknown(key) });
    } else if (earlier !== undefined) {
      problems.push({ place, message: `${APP} and wsgi_app are the same setting; leave one out` });
    } else if (value instanceof ValueProblem || isNoTruth(setting, value)) {
      const complaint = value instanceof ValueProblem ? value.message : `a boolean; ${kindOf(setting)}`;
      problems.push({ place, message: `${key} = ${text}: ${complaint}` });
    } else {
      given.push({ name: setting, text, by: name, value, place: placeIn(name, place) });
    }
  }
  return {
    name,
    given: [chdirOf(given, name, folder), ...given.filter((each) => each.name !== 'chdir')],
    hooks: [],
    notices: [],
    environment: {},
    path: { front: [], back: [] },
    sslContext: null,
    front,
    problems: problems.sort(byPlace).map((problem) => asProblem(name, problem)),
  };
}

/** The folder of the file, unless the file names another. */
function chdirOf(given: readonly Given[], by: string, folder: string): Given {
  const own = given.find((each) => each.name === 'chdir');
  if (own === undefined) return { name: 'chdir', text: folder, by };
  if (typeof own.value !== 'string' || own.value.startsWith('/')) return own;
  return { ...own, value: `${folder}/${own.value}` };
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

function whyUnknown(key: string): string {
  if (COMMANDS.has(key)) return `${key} belongs on the command line`;
  if (isServerHook(key)) {
    return `${key} is a server hook, which only a Python file can have; use gunicorn.conf.py`;
  }
  const meant = ofFlag(key) ?? nearest(key, [APP, ...FRONT_KEYS, ...SETTING_NAMES.filter(isTomlSetting)]);
  return `${key} is no setting${meant === null ? '' : `; did you mean ${meant}?`}`;
}

/** `max-requests` or `keep_alive`, after the flag: the settings are `max_requests` and `keepalive`. */
function ofFlag(key: string): SettingName | null {
  const flag = `--${key.replaceAll('_', '-')}`;
  return SETTING_NAMES.find((name) => isTomlSetting(name) && SETTINGS[name].flags.includes(flag)) ?? null;
}

function byPlace({ place: a }: TomlProblem, { place: b }: TomlProblem): number {
  return a.line - b.line || a.column - b.column;
}

function asProblem(file: string, { place, message }: TomlProblem): Problem {
  return { fault: 'meaning', message: `${placeIn(file, place)}: ${message}` };
}
