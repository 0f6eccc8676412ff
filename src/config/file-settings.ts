// What a configuration file gives, as python/kirin_worker/conf.py reports it.

import { nearest } from '../base/edit-distance.ts';
import { type FrontSpec, NO_FRONT } from '../protocol/supervision/front.ts';
import type { Given } from './command-line.ts';
import type { Problem } from './config-error.ts';
import type { ReadContext } from './machine.ts';
import type { Notice } from './notices.ts';
import {
  HOOKS_WITHOUT_EFFECT,
  isServerHook,
  isZygotes,
  SERVER_HOOK_NAMES,
  SERVER_HOOKS,
  type ServerHook,
} from './server-hooks.ts';
import { type FileValue, PythonObject, ValueProblem } from './setting.ts';
import { SETTING_NAMES, SETTINGS, type SettingName } from './settings.ts';
import type { Layer } from './sources.ts';
import type { SslContextReport } from './ssl-context.ts';

/** A variable's value: as JSON, or, where JSON has no such value, what kind of object it is. */
export interface ReportedValue {
  readonly text: string;
  readonly value?: Exclude<FileValue, PythonObject>;
  readonly object?: { readonly type: string; readonly name: string };
}

/** A configuration file that ran to its end. */
export interface FileReport {
  readonly settings: Readonly<Partial<Record<SettingName, ReportedValue>>>;
  /** Server hooks that it defines. */
  readonly hooks: readonly string[];
  /** Those among them that cannot be called. */
  readonly wrongHooks: readonly {
    readonly name: string;
    readonly text: string;
    readonly complaint: string;
  }[];
  /** Its other variables and functions, but for imports, classes, and names that begin with an underscore. */
  readonly others: readonly { readonly name: string; readonly isFunction: boolean }[];
  /** Variables of the environment that it has set, or (null) removed. */
  readonly environment: Readonly<Record<string, string | null>>;
  readonly path: AddedFolders;
  /** null: there is no `ssl_context`, or nothing that it could be asked for. */
  readonly sslContext: SslContextReport | null;
}

/** Folders that a configuration file has added to sys.path: before what was there, and behind. */
export interface AddedFolders {
  readonly front: readonly string[];
  readonly back: readonly string[];
}

/** What a file sets for one of its applications. */
export interface AppLayer {
  readonly name: string;
  /** Where, for people: `kirin.toml [apps.shop]`. */
  readonly source: string;
  readonly given: readonly Given[];
}

export interface FileSettings {
  /** As people know it: `gunicorn.conf.py`, `python:conf.production`. */
  readonly name: string;
  readonly given: readonly Given[];
  /** Server hooks that are to be run. */
  readonly hooks: readonly ServerHook[];
  readonly notices: readonly Notice[];
  readonly environment: FileReport['environment'];
  readonly path: AddedFolders;
  readonly sslContext: SslContextReport | null;
  // Of a kirin.toml alone.
  readonly apps: readonly AppLayer[];
  readonly front: FrontSpec;
  /** What is wrong with it but values of settings. */
  readonly problems: readonly Problem[];
}

export function fileSettings(name: string, report: FileReport): FileSettings {
  const { settings, others, environment, path, sslContext } = report;
  const hooks = report.hooks.filter(isServerHook);
  const names = Object.keys(settings) as SettingName[];
  const given = names.map((setting) => {
    const { text, value, object } = settings[setting] as ReportedValue;
    const read = object === undefined ? (value ?? null) : new PythonObject(object.type, object.name);
    return { name: setting, text, by: name, value: read };
  });
  const isSet = (candidate: string) => candidate in settings || report.hooks.includes(candidate);
  return {
    name,
    given: given.filter(saysSomething),
    hooks: hooks.filter(isZygotes),
    problems: report.wrongHooks.map((wrong) => ({ fault: 'meaning', message: hookProblem(name, wrong) })),
    notices: [...misspelt(name, others, isSet), ...hooksWithoutEffect(name, hooks)],
    environment,
    path,
    sslContext,
    apps: [],
    front: NO_FRONT,
  };
}

export function fileLayer({ name, given, problems }: FileSettings): Layer {
  return { source: name, given, positionals: [], problems };
}

/** None is as good as absent, but where a setting has a meaning for it; so is an empty list, such as `bind = []`. */
function saysSomething({ name, value }: Given): boolean {
  if (Array.isArray(value)) return value.length > 0;
  return value !== null || SETTINGS[name].kind.fromFile?.(null) !== undefined;
}

/** What a language calls its values. */
interface Nouns {
  readonly text: string;
  readonly list: string;
  readonly dict: string;
  readonly truth: string;
}

export const PYTHON: Nouns = { text: 'a str', list: 'a list', dict: 'a dict', truth: 'a bool' };
export const TOML: Nouns = { text: 'a string', list: 'an array', dict: 'a table', truth: 'a boolean' };

/** @throws {ValueProblem} */
export function readFileValue(
  name: SettingName,
  value: FileValue,
  context: ReadContext,
  nouns: Nouns,
): unknown {
  const { kind } = SETTINGS[name];
  if (typeof value === 'string') return kind.parse(value, context);
  if (kind.combine !== undefined && Array.isArray(value)) {
    const items = value.map((item: FileValue) => readFileValue(name, item, context, nouns));
    return items.reduce((earlier, later) => kind.combine?.(earlier, later));
  }
  const read = kind.fromFile?.(value);
  if (read !== undefined) return read;
  const orMany = kind.combine === undefined ? '' : `, or ${nouns.list} of them`;
  throw new ValueProblem(`${nounOf(value, nouns)}; give ${nouns.text}${orMany}`);
}

function nounOf(value: FileValue, nouns: Nouns): string {
  if (value instanceof PythonObject) return `of type ${value.type}`;
  if (Array.isArray(value)) return nouns.list;
  if (typeof value === 'object') return value === null ? 'None' : nouns.dict;
  return typeof value === 'boolean' ? nouns.truth : 'a number';
}

// --- what is said about it ----------------------------------------------------------------------------------

/** Flags whose names are as good as any for a variable that a file keeps for itself. */
const COMMON_WORDS = new Set(['env', 'name', 'pid']);

function misspelt(
  file: string,
  others: FileReport['others'],
  isSet: (candidate: string) => boolean,
): Notice[] {
  return others.flatMap(({ name, isFunction }) => {
    const meant = isFunction
      ? nearest(name, SERVER_HOOK_NAMES)
      : (ofFlag(name) ?? nearest(name, SETTING_NAMES));
    if (meant === null || isSet(meant)) return [];
    return [{ level: 'warning', message: `${file}: ${name} is no setting; did you mean ${meant}?` }];
  });
}

/** `keep_alive`, after --keep-alive: the setting is `keepalive`. */
function ofFlag(name: string): SettingName | null {
  if (COMMON_WORDS.has(name)) return null;
  const flag = `--${name.replaceAll('_', '-')}`;
  return SETTING_NAMES.find((setting) => SETTINGS[setting].flags.includes(flag)) ?? null;
}

function hooksWithoutEffect(file: string, hooks: readonly ServerHook[]): Notice[] {
  return hooks.flatMap((hook) => {
    const why = HOOKS_WITHOUT_EFFECT[hook];
    return why === undefined
      ? []
      : [{ level: 'warning', message: `${file}: the server hook ${hook} is not run: ${why}` }];
  });
}

function hookProblem(
  file: string,
  { name, text, complaint }: { readonly name: string; readonly text: string; readonly complaint: string },
): string {
  const called = isServerHook(name) ? SERVER_HOOKS[name].map((each) => each.replace('?', '')).join(', ') : '';
  return `${name} = ${text} (in ${file}): ${complaint}; give a function such as def ${name}(${called})`;
}
