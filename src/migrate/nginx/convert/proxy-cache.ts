// proxy_cache: as `cache` of a route, and `[caches.NAME]`.

import { type Context, parameter } from '../context.ts';
import { TableDraft as Table, type TableDraft, type TomlValue } from '../draft.ts';
import type { Scope } from '../scope.ts';
import { words } from '../syntax.ts';
import { duration } from '../values.ts';
import { translate } from '../variables.ts';

const ANY_STATUSES = ['200', '301', '302'];
const USUAL_KEY = '$scheme$proxy_host$request_uri';

export function proxyCache(route: TableDraft, scope: Scope, context: Context): void {
  const { report } = context;
  const cache = scope.one('proxy_cache');
  const zone = cache === null ? 'off' : (words(cache)[0] ?? 'off');
  for (const name of OPTIONS) for (const each of scope.all(name)) report.carried(each);
  const ignore = ignored(scope, zone !== 'off', context);
  report.carried(cache);
  if (zone === 'off') return;
  if (!keepCache(zone, context)) {
    report.missing(cache, `there is no proxy_cache_path with keys_zone=${zone}`);
    return;
  }
  const table: Record<string, TomlValue> = { in: zone };
  const key = scope.word('proxy_cache_key');
  if (key !== null && key !== USUAL_KEY) table.key = translate(key, scope).text;
  const valid = validity(scope);
  if (Object.keys(valid).length > 0) table.valid = valid;
  const stale = scope.one('proxy_cache_use_stale');
  if (stale !== null && words(stale)[0] !== 'off') {
    if (words(stale).some((word) => word !== 'updating')) table.stale_if_error = '1d';
    if (words(stale).includes('updating') || scope.isOn('proxy_cache_background_update'))
      table.stale_while_revalidate = '1d';
    report.differs(stale, 'what is stale is used for a day at most, for whatever error');
  }
  for (const [key, name] of CONDITIONS) {
    const texts = scope.all(name).flatMap(words);
    if (texts.length > 0) table[key] = [...new Set(texts.map((word) => translate(word, scope).text))];
  }
  if (scope.isOn('proxy_cache_lock')) table.lock = true;
  const lockTimeout = duration(scope.word('proxy_cache_lock_timeout') ?? '');
  if (lockTimeout !== null) table.lock_timeout = lockTimeout;
  const uses = scope.word('proxy_cache_min_uses');
  if (uses !== null && uses !== '1') table.min_uses = Number(uses);
  const methods = scope.one('proxy_cache_methods');
  if (methods !== null && words(methods).some((method) => method !== 'GET' && method !== 'HEAD'))
    report.missing(methods, 'only GET and HEAD are answered from a cache');
  table.client_directives = false;
  if (ignore.length > 0) table.ignore = ignore;
  route.set('cache', table, cache);
}

const CONDITIONS = [
  ['bypass', 'proxy_cache_bypass'],
  ['no_store', 'proxy_no_cache'],
] as const;

const IGNORABLE = ['Cache-Control', 'Expires', 'Set-Cookie', 'Vary', 'X-Accel-Expires'];

/** proxy_ignore_headers: what of a response a cache does not heed. */
function ignored(scope: Scope, hasCache: boolean, { report }: Context): readonly string[] {
  const directive = scope.one('proxy_ignore_headers');
  if (directive === null) return [];
  const named = words(directive).map((name) => name.toLowerCase());
  const others = named.filter((name) => !IGNORABLE.some((each) => each.toLowerCase() === name));
  report.carried(directive, hasCache ? null : 'only a cache heeds them');
  if (others.length > 0) report.missing(directive, `${others.join(', ')} of a backend is heeded`);
  return IGNORABLE.filter((name) => named.includes(name.toLowerCase()));
}

const OPTIONS = [
  'proxy_cache_key',
  'proxy_cache_valid',
  'proxy_cache_bypass',
  'proxy_no_cache',
  'proxy_cache_lock',
  'proxy_cache_lock_timeout',
  'proxy_cache_min_uses',
  'proxy_cache_methods',
  'proxy_cache_revalidate',
  'proxy_cache_background_update',
  'proxy_cache_use_stale',
];

function validity(scope: Scope): Record<string, string> {
  const valid: Record<string, string> = {};
  for (const directive of scope.all('proxy_cache_valid')) {
    const statuses = [...words(directive)];
    const time = duration(statuses.pop() ?? '');
    if (time === null) continue;
    for (const status of statuses.length === 0 ? ANY_STATUSES : statuses) valid[status] = time;
  }
  return valid;
}

/** Writes it down, once; false: there is none of this name. */
function keepCache(zone: string, { caches, draft, report }: Context): boolean {
  const path = caches.get(zone);
  if (path === undefined) return false;
  report.carried(path);
  if (draft.caches.has(zone)) return true;
  const table = new Table().set('folder', words(path)[0] ?? '', path);
  const size = parameter(path, 'max_size');
  if (size !== null) table.set('size', size, path);
  const inactive = parameter(path, 'inactive');
  if (inactive !== null) table.set('inactive', duration(inactive) ?? inactive, path);
  draft.caches.set(zone, table);
  return true;
}
