// What holds around whatever a location does: limits, access, headers, compression, logs.

import type { Context } from '../context.ts';
import type { TableDraft, TomlValue } from '../draft.ts';
import type { Scope } from '../scope.ts';
import { type Directive, words } from '../syntax.ts';
import { translate } from '../variables.ts';
import { accessLog } from './access-log.ts';
import { expiresOf } from './files.ts';
import { guards } from './guards.ts';

const USUAL_BODY = '1m';

/** `return` answers before anybody is asked who they are. */
export function writeOptions(route: TableDraft, scope: Scope, isGuarded: boolean, context: Context): void {
  if (isGuarded) guards(route, scope, context);
  maxBody(route, scope, context);
  compression(route, scope, context);
  headers(route, scope, context);
  errorPages(route, scope, context);
  accessLog(route, scope, context);
}

/** nginx has a limit of 1 MB where nobody says one. */
function maxBody(route: TableDraft, scope: Scope, { report }: Context): void {
  if (route.has('respond') || route.has('redirect') || route.has('rewrite')) return;
  const directive = scope.one('client_max_body_size');
  report.carried(directive);
  const size = directive === null ? USUAL_BODY : (words(directive)[0] ?? USUAL_BODY);
  route.set('max_body', /^\d+$/.test(size) ? Number(size) : size.toLowerCase(), directive);
}

const GZIP_WITHOUT_NEED: Readonly<Record<string, string>> = {
  gzip_vary: 'Vary is sent where it has to be',
  gzip_proxied: 'requests of proxies are answered like others',
  gzip_http_version: 'HTTP/1.0 is answered as Accept-Encoding says',
  gzip_buffers: 'there is nothing to set',
  gzip_disable: 'no browser of today needs an exception',
  gunzip: 'there is nothing to set',
};

function compression(route: TableDraft, scope: Scope, { report }: Context): void {
  const gzip = scope.one('gzip');
  report.carried(gzip);
  for (const [name, how] of Object.entries(GZIP_WITHOUT_NEED)) report.carried(scope.one(name), how);
  for (const name of ['gzip_types', 'gzip_min_length', 'gzip_comp_level']) report.carried(scope.one(name));
  if (gzip === null || !scope.isOn('gzip')) return;
  const types = scope.one('gzip_types');
  const listed = types === null ? [] : words(types);
  const level = scope.word('gzip_comp_level');
  const table: Record<string, TomlValue> = {
    encodings: ['gzip'],
    types: listed.includes('*') ? ['*/*'] : [...new Set(['text/html', ...listed])],
    min_size: Number(scope.word('gzip_min_length') ?? 20),
  };
  if (level !== null) table.level = Number(level);
  route.set('compress', table, gzip);
}

function headers(route: TableDraft, scope: Scope, { report }: Context): void {
  const fields = new Map<string, TomlValue[]>();
  const isFiles = route.has('files') && expiresOf(scope) !== null;
  let from: Directive | null = null;
  for (const directive of scope.all('add_header')) {
    const [name = '', written = '', always] = words(directive);
    report.carried(directive);
    // It is in the field that the files have.
    if (isFiles && name.toLowerCase() === 'cache-control') continue;
    const { text: value, unknown } = translate(written, scope);
    if (unknown.length > 0) {
      report.missing(directive, `there is no $${unknown.join(', $')}`);
      continue;
    }
    const list = fields.get(name) ?? [];
    list.push(always === 'always' ? { value, errors: true } : value);
    fields.set(name, list);
    from = directive;
  }
  const expires = route.has('files') ? null : expiresOf(scope);
  const expiresDirective = scope.one('expires');
  if (expires !== null) {
    fields.set('Cache-Control', [
      expires.cacheControl ?? `max-age=${expires.seconds}`,
      ...(fields.get('Cache-Control') ?? []),
    ]);
    report.differs(expiresDirective, 'as Cache-Control alone, which is stronger than Expires');
    from ??= expiresDirective;
  } else if (expiresDirective !== null && words(expiresDirective).some((word) => word.includes('$'))) {
    report.missing(expiresDirective, 'how long something may be kept is the same for all of a route');
  } else report.carried(expiresDirective);
  if (fields.size === 0) return;
  const table = [...fields].map(([name, list]) => [name, list.length === 1 ? (list[0] as TomlValue) : list]);
  route.set('add_headers', Object.fromEntries(table), from);
}

/** nginx keeps the error's status, unless there is an equals sign. */
function errorPages(route: TableDraft, scope: Scope, { report }: Context): void {
  const pages: Record<string, TomlValue> = {};
  const directives = scope.all('error_page');
  for (const directive of directives) {
    const statuses = [...words(directive)];
    const to = translate(statuses.pop() ?? '', scope).text;
    const sign = statuses.at(-1)?.startsWith('=') ? (statuses.pop() ?? '') : null;
    report.carried(directive);
    pages[statuses.join(',')] = pageOf(to, sign);
  }
  const intercept = scope.one('proxy_intercept_errors');
  report.carried(intercept);
  if (directives.length === 0) return;
  const intercepts = scope.isOn('proxy_intercept_errors') && route.has('proxy');
  route.set('error_pages', intercepts ? { intercept: true, ...pages } : pages, directives[0] ?? null);
}

/** `sign`: `=`, `=200` or nothing. What kirin.toml does without being told is left out. */
function pageOf(to: string, sign: string | null): TomlValue {
  const status = Number(sign?.slice(1) ?? 0);
  if (status > 0) return { to, status };
  if (to.startsWith('@')) return sign === null ? { to, status: 'kept' } : to;
  return sign === null || /^https?:/.test(to) ? to : { to, status: 'own' };
}
