// root, alias, index, try_files, autoindex, expires.

import { isAbsolute, join } from 'node:path';
import type { Context } from '../context.ts';
import type { TableDraft, TomlValue } from '../draft.ts';
import type { Scope } from '../scope.ts';
import { type Directive, words } from '../syntax.ts';
import { duration, seconds } from '../values.ts';
import { translate, withSets } from '../variables.ts';
import { locationFor } from './locations.ts';
import { type Match, routeByPath, routeFor } from './match.ts';

const DEBIAN_PREFIX = '/usr/share/nginx';
/** What nginx serves from where nobody says anything. */
const USUAL_ROOT = 'html';
const MAX_SECONDS = 315_360_000;

/** `path`: what is looked up in the place of the request's path, where a rewrite says so. */
export function filesRoute(
  scope: Scope,
  match: Match,
  context: Context,
  path: string | null = null,
): TableDraft {
  const { report } = context;
  const alias = scope.own('alias').at(-1) ?? null;
  const route = alias === null ? routeFor(match) : routeByPath(match);
  const table: Record<string, TomlValue> =
    alias === null ? rootOf(scope, context) : aliasOf(alias, scope, match, context);
  if (alias !== null && match.kind === 'prefix' && !match.path.endsWith('/')) {
    report.differs(
      scope.directive,
      `${match.path} is a whole segment here; nginx would also take ${match.path}s`,
    );
  }
  const index = scope.one('index');
  if (index !== null) {
    const names = words(index).filter((name) => !name.includes('/') && !name.includes('$'));
    report.carried(index);
    if (names.length < words(index).length)
      report.differs(index, 'what is no plain name of a file is left out');
    if (names.join(' ') !== 'index.html') table.index = names;
  }
  if (scope.isOn('autoindex')) table.listing = true;
  for (const name of ['autoindex', 'autoindex_exact_size', 'autoindex_localtime'])
    report.carried(scope.one(name));
  if (scope.isOn('autoindex')) report.differs(scope.one('autoindex'), "the page looks like Kirin's");
  caching(table, scope, context);
  if (/\/\./.test(match.kind === 'prefix' || match.kind === 'exact' ? match.path : '')) table.dotfiles = true;
  if (scope.word('disable_symlinks') === 'on') table.symlinks = 'off';
  report.carried(scope.one('disable_symlinks'));
  if (scope.isOn('gzip_static'))
    report.carried(scope.one('gzip_static'), 'precompressed siblings are used by default');
  if (path === null) tries(table, scope, context);
  else table.try = [translate(path, scope).text];
  const { folder } = table;
  const isPlain = Object.keys(table).length === 1 && folder !== undefined;
  return route.set('files', isPlain ? folder : table, alias ?? scope.one('root') ?? scope.directive);
}

function rootOf(scope: Scope, context: Context): Record<string, TomlValue> {
  const root = scope.one('root');
  context.report.carried(root);
  return {
    root: folder(withSets(root === null ? USUAL_ROOT : (words(root)[0] ?? ''), scope), root, context),
  };
}

function aliasOf(alias: Directive, scope: Scope, match: Match, context: Context): Record<string, TomlValue> {
  const [path = ''] = words(alias).map((word) => withSets(word, scope));
  context.report.carried(alias);
  if (match.kind === 'regex') {
    const whole = wholeAlias(path, match.pattern.source);
    if (whole !== null) return { folder: folder(whole, alias, context) };
    // The folders that are the same for all of its paths, and what differs below them.
    const [, root, rest] = (path.includes('$') ? VARYING : SINGLE).exec(path) ?? [];
    const varying = translate(rest ?? '', scope);
    if (root !== undefined && varying.unknown.length === 0) return { root, try: [varying.text] };
    context.report.missing(alias, 'an alias that begins with a variable has no equivalent');
  }
  return { folder: folder(path, alias, context) };
}

const VARYING = /^((?:\/[^/$]+)+)(\/[^/]*\$.*)$/;
const SINGLE = /^((?:\/[^/]+)+)(\/[^/]+)$/;

/** Without groups it is one folder. */
function wholeAlias(path: string, source: string): string | null {
  return path.includes('$') || source.includes('(') ? null : path;
}

/** Without a slash at its end. */
function folder(text: string, from: Directive | null, { wishes, report }: Context): string {
  if (/\$/.test(text)) report.missing(from, 'folders have no variables');
  const trimmed = text === '/' ? text : text.replace(/\/+$/, '');
  if (isAbsolute(trimmed)) return trimmed;
  if (wishes.prefix === null)
    report.differs(from, `taken as relative to ${DEBIAN_PREFIX}; say --prefix where it is not`);
  return join(wishes.prefix ?? DEBIAN_PREFIX, trimmed);
}

/** expires, with what is added to Cache-Control: files have one such field. */
function caching(table: Record<string, TomlValue>, scope: Scope, { report }: Context): void {
  const expires = expiresOf(scope);
  const added = scope.all('add_header').filter((each) => words(each)[0]?.toLowerCase() === 'cache-control');
  const value = added.map((each) => words(each)[1] ?? '').join(', ');
  report.carried(scope.one('expires'));
  if (expires === null) return;
  if (expires.expires !== null) table.expires = expires.expires;
  if (expires.cacheControl !== null || value !== '') {
    const own = /\bmax-age=/.test(value) ? '' : `max-age=${expires.seconds}`;
    table.cache_control = [expires.cacheControl ?? own, value].filter((each) => each !== '').join(', ');
  }
  for (const each of added) report.differs(each, 'one Cache-Control field, where nginx sends two');
}

interface Expires {
  readonly seconds: number;
  /** As kirin.toml has it; null: there is no such field. */
  readonly expires: string | null;
  readonly cacheControl: string | null;
}

export function expiresOf(scope: Scope): Expires | null {
  const [first = 'off', second] = words(
    scope.one('expires') ?? { name: '', args: [], block: null, place: NOWHERE },
  );
  const text = first === 'modified' ? (second ?? '') : first;
  if (text === 'off' || text === '') return null;
  if (text === 'max') return { seconds: MAX_SECONDS, expires: '10y', cacheControl: null };
  if (text === 'epoch' || text.startsWith('-'))
    return { seconds: 0, expires: null, cacheControl: 'no-cache' };
  const all = seconds(text.replace('+', ''));
  return all === null ? null : { seconds: all, expires: duration(text.replace('+', '')), cacheControl: null };
}

const NOWHERE = { file: '', line: 0, column: 0 };

/** `try_files $uri $uri/ @app`, `… =404`, `… /index.html`. */
function tries(table: Record<string, TomlValue>, scope: Scope, { report }: Context): void {
  const directive = scope.own('try_files').at(-1);
  if (directive === undefined) return;
  report.carried(directive);
  const candidates = words(directive).map((word) => translate(word, scope).text);
  const last = candidates.pop() ?? '';
  if (last.startsWith('=')) table.missing = Number(last.slice(1));
  else if (last.startsWith('@')) table.missing = last;
  else if (/[?$]/.test(last)) {
    report.missing(
      directive,
      `${last} at its end, a program, has no equivalent; with --app the application is asked`,
    );
    table.missing = 404;
  } else if (locationFor(last, scope.server) !== scope.location) table.missing = last;
  else candidates.push(last);
  // `$uri` alone, with the folders' indexes, is what happens anyhow.
  if (candidates.join(' ') !== '$uri $uri/') table.try = candidates;
}
