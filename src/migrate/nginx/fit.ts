// What is written is what this Kirin takes: its own reader is asked, and what it refuses is taken out and reported.

import { parseWords } from '../../config/command-line.ts';
import { ConfigError, type Problem } from '../../config/config-error.ts';
import type { FileSettings } from '../../config/file-settings.ts';
import type { Machine } from '../../config/machine.ts';
import { resolveParsed } from '../../config/resolve.ts';
import { readToml } from '../../config/toml/toml-document.ts';
import { tomlSettings } from '../../config/toml/toml-settings.ts';
import {
  ACTION_KEYS,
  type FileDraft,
  type SiteDraft,
  type TableDraft,
  type TomlTable,
  type TomlValue,
} from './draft.ts';
import type { Report } from './report.ts';
import { isTable, type KeyPath, tomlText } from './toml-text.ts';

const FILE = 'kirin.toml';
const HIDDEN = new Set<string>(['allow', 'deny', 'basic_auth', 'satisfy', 'internal']);
/** Without one of these a route would be for other requests. */
const MATCHES = new Set<string>([
  'path',
  'exact',
  'pattern',
  'ignore_case',
  'methods',
  'scheme',
  'port',
  'match_headers',
]);
/** Of an action: without it, it would be another one. */
const ESSENTIAL = new Set<string>(['to', 'folder', 'root', 'try', 'missing', 'tls', 'in']);
const ACTIONS: ReadonlySet<string> = new Set(ACTION_KEYS);

/** `folder`: the one that the file will lie in. The text, which Kirin reads without a complaint. */
export function fit(draft: FileDraft, report: Report, folder: string): string {
  for (;;) {
    const { text, keys } = tomlText(draft);
    const refusals = refusalsOf(text, folder);
    if (refusals.length === 0) return text;
    let isChanged = false;
    for (const { place, message } of refusals) {
      const path = keys.get(place) ?? before(keys, place);
      if (path === undefined) continue;
      isChanged = takeOut(draft, path, message, report) || isChanged;
      break;
    }
    if (!isChanged)
      throw new Error(`kirin does not read what it has written: ${refusals[0]?.message}\n${text}`);
  }
}

/** The last key that begins before the place, in its line: a value that is refused stands behind it. */
function before(keys: ReadonlyMap<string, KeyPath>, place: string): KeyPath | undefined {
  const [line, column] = place.split(':').map(Number);
  const found = [...keys].filter(([each]) => {
    const [ofLine, ofColumn] = each.split(':').map(Number);
    return ofLine === line && (ofColumn ?? 0) <= (column ?? 0);
  });
  return found.at(-1)?.[1];
}

interface Refusal {
  /** `LINE:COLUMN` */
  readonly place: string;
  readonly message: string;
}

function refusalsOf(text: string, folder: string): readonly Refusal[] {
  const document = readToml(text);
  if ('fault' in document) {
    return [{ place: `${document.place.line}:${document.place.column}`, message: document.fault }];
  }
  return problemsOf(tomlSettings(FILE, folder, document), folder).flatMap(({ message }) => {
    const [, line, column, rest] = /^kirin\.toml:(\d+):(\d+): (.*)$/s.exec(message) ?? [];
    return rest === undefined
      ? []
      : [{ place: `${line}:${column}`, message: rest.replace(/; it may have .*$/s, '') }];
  });
}

function problemsOf(file: FileSettings, folder: string): readonly Problem[] {
  try {
    resolveParsed(parseWords([]), { env: {}, cwd: folder, machine: ANY_MACHINE }, [file]);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}

/** Where the kirin.toml will run is not known: files that it names may be there. */
const ANY_MACHINE: Machine = {
  readFile: () => null,
  isFolder: () => true,
  exists: () => true,
  schedulableCores: () => 1,
  uid: 0,
  gid: 0,
};

/** Whether there was something to take out. */
function takeOut(draft: FileDraft, { table, keys }: KeyPath, message: string, report: Report): boolean {
  const [key, ...within] = keys;
  const site = draft.sites.find(({ routes }) => routes.includes(table));
  if (key === undefined) {
    if (site === undefined) return drop(draft, table, message, report);
    reportAll(table, message, report);
    site.routes.splice(site.routes.indexOf(table), 1);
    return true;
  }
  const entry = table.entries.get(key);
  if (entry === undefined) return false;
  report.missing(entry.from, `this Kirin does not take it: ${message}`);
  if (within.length > 0 && isTable(entry.value) && !HIDDEN.has(key) && !ESSENTIAL.has(within[0] ?? '')) {
    table.entries.set(key, { ...entry, value: without(entry.value, within) });
    return true;
  }
  table.entries.delete(key);
  if (site === undefined) return true;
  if (MATCHES.has(key)) site.routes.splice(site.routes.indexOf(table), 1);
  // Nothing that was closed is opened, and what cannot be answered is not the application's.
  else if (HIDDEN.has(key)) close(table, 403);
  else if (ACTIONS.has(key)) close(table, 501);
  return true;
}

function drop(draft: FileDraft, table: TableDraft, message: string, report: Report): boolean {
  reportAll(table, message, report);
  for (const named of [draft.upstreams, draft.caches]) {
    for (const [name, each] of named) if (each === table) return named.delete(name);
  }
  const index = draft.sites.indexOf(table as SiteDraft);
  if (index >= 0) draft.sites.splice(index, 1);
  return index >= 0;
}

function reportAll(table: TableDraft, message: string, report: Report): void {
  for (const { from } of table.entries.values()) report.missing(from, message);
}

function close(table: TableDraft, status: number): void {
  for (const key of ACTIONS) table.entries.delete(key);
  table.entries.delete('status');
  table.set('respond', status, null, 'what stood here has no equivalent: see the report');
}

function without(table: TomlTable, [key, ...within]: readonly string[]): TomlTable {
  const kept = Object.entries(table).flatMap(([name, value]): (readonly [string, TomlValue])[] => {
    if (name !== key) return [[name, value]];
    return within.length > 0 && isTable(value) ? [[name, without(value, within)]] : [];
  });
  return Object.fromEntries(kept);
}
