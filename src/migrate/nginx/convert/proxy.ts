// proxy_pass, and the directives that shape it.

import type { Context } from '../context.ts';
import type { TableDraft, TomlValue } from '../draft.ts';
import type { Scope } from '../scope.ts';
import { type Directive, words } from '../syntax.ts';
import { duration } from '../values.ts';
import { translate } from '../variables.ts';
import { type Match, routeByPath, routeFor } from './match.ts';
import { proxyCache } from './proxy-cache.ts';
import { proxyHeaders } from './proxy-headers.ts';
import { isLocal, type Target, targetOf } from './proxy-target.ts';
import { keepUpstream } from './upstreams.ts';

/** `path`: what takes the place of the request's path, where a rewrite says so. */
export function proxyRoute(
  pass: Directive,
  scope: Scope,
  match: Match,
  context: Context,
  path: string | null = null,
): TableDraft {
  const { report, wishes } = context;
  const target = targetOf(words(pass)[0] ?? '', scope);
  report.carried(pass);
  if (target !== null && wishes.app !== null && isLocal(target.host, context)) {
    return runByKirin(routeFor(match).set('app', true, pass), target, pass, scope, context);
  }
  if (target === null) {
    report.missing(pass, 'where it goes is known only when a request comes');
    return routeFor(match).set('respond', 502, pass);
  }
  const uri =
    path ?? (match.kind === 'prefix' || match.kind === 'any' ? target.uri : wholeUri(target, match));
  const route = needsPath(uri, match) ? routeByPath(match) : routeFor(match);
  if (needsPath(uri, match) && match.kind === 'prefix' && !match.path.endsWith('/')) {
    report.differs(
      scope.directive,
      `${match.path} is a whole segment here; nginx would also take ${match.path}s`,
    );
  }
  if (
    uri !== null &&
    match.kind === 'prefix' &&
    match.path.endsWith('/') &&
    !/[/$]$/.test(uri) &&
    !uri.includes('$')
  ) {
    report.differs(pass, `what follows ${match.path} is put behind ${uri}/; nginx leaves the slash out`);
  }
  const to = `${target.scheme}://${keepUpstream(target.host, context)}${target.host.startsWith('unix:') && uri !== null ? ':' : ''}${uri ?? ''}`;
  const table: Record<string, TomlValue> = { to: translate(to, scope).text };
  proxyHeaders(table, scope, context);
  redirects(table, scope, target, match, context);
  transfer(table, scope, context);
  retries(table, scope, context);
  secured(table, scope, target, context);
  proxyCache(route, scope, context);
  const isPlain = Object.keys(table).length === 1;
  return route.set('proxy', isPlain ? (table.to as string) : table, pass);
}

/** A URI that takes the place of the location's prefix needs to know how much that is. */
function needsPath(uri: string | null, match: Match): boolean {
  return uri !== null && match.kind === 'prefix' && !uri.includes('$');
}

/** nginx has no URI in a regular expression's or a named location, unless it has variables. */
function wholeUri({ uri }: Target, match: Match): string | null {
  return match.kind === 'exact' || uri?.includes('$') === true ? uri : null;
}

function runByKirin(
  route: TableDraft,
  target: Target,
  pass: Directive,
  scope: Scope,
  { report, replaced }: Context,
): TableDraft {
  const by = 'Kirin runs the application itself';
  report.carried(pass, `${by}, in the place of ${target.host}`);
  replaced.add(target.host);
  if (replaced.size > 1) {
    report.differs(
      pass,
      `one application is run in the place of ${[...replaced].join(' and ')}; [apps.NAME] has others`,
    );
  }
  for (const each of scope.all('proxy_set_header')) report.carried(each, `${by}, and tells it of the client`);
  const timeout = scope.one('proxy_read_timeout');
  report.differs(timeout, `${by}: the setting \`timeout\` bounds its requests`);
  for (const name of OF_PROXIES)
    for (const each of scope.all(name)) report.carried(each, `${by}: there is no proxy`);
  return route;
}

const OF_PROXIES = [
  'proxy_redirect',
  'proxy_connect_timeout',
  'proxy_send_timeout',
  'proxy_buffering',
  'proxy_http_version',
  'proxy_next_upstream',
];

function redirects(
  table: Record<string, TomlValue>,
  scope: Scope,
  target: Target,
  match: Match,
  { report }: Context,
): void {
  const all = scope.all('proxy_redirect');
  for (const each of all) report.carried(each);
  const pairs = all.flatMap((each) => {
    const [from = '', to] = words(each);
    if (from === 'off' || from === 'default' || to === undefined) return [];
    if (from.startsWith('~')) {
      report.missing(each, 'redirects are rewritten by their beginning, not by a regular expression');
      return [];
    }
    return [[translate(from, scope).text, translate(to, scope).text] as const];
  });
  if (all.some((each) => words(each)[0] === 'off')) table.redirects = false;
  else if (pairs.length > 0) table.redirects = Object.fromEntries(pairs);
  // nginx's default needs a URI, or the location's path.
  else if (match.kind === 'regex' || target.uri?.includes('$')) table.redirects = false;
}

function transfer(table: Record<string, TomlValue>, scope: Scope, { report }: Context): void {
  for (const [directive, key] of [
    ['proxy_buffering', 'buffering'],
    ['proxy_request_buffering', 'request_buffering'],
  ] as const) {
    report.carried(scope.one(directive));
    if (scope.word(directive) === 'off') table[key] = false;
  }
  const connect = scope.one('proxy_connect_timeout');
  if (connect !== null) table.connect_timeout = duration(words(connect)[0] ?? '') ?? '60s';
  const read = scope.one('proxy_read_timeout');
  const silence = read === null ? null : duration(words(read).join(''));
  if (silence !== null) {
    table.first_byte_timeout = silence;
    table.silence_timeout = silence;
  }
  report.carried(connect);
  report.carried(read);
  const send = scope.one('proxy_send_timeout');
  if (send !== null && words(send)[0] === (read === null ? '60s' : words(read)[0]))
    report.carried(send, 'silence_timeout is for both ways');
  else report.differs(send, 'there is one time for silence, that of proxy_read_timeout');
}

const RETRIED: Readonly<Record<string, TomlValue>> = {
  error: 'error',
  timeout: 'timeout',
  invalid_header: 'error',
  http_500: 500,
  http_502: 502,
  http_503: 503,
  http_504: 504,
  http_403: 403,
  http_404: 404,
  http_429: 429,
};

function retries(table: Record<string, TomlValue>, scope: Scope, { report }: Context): void {
  const next = scope.one('proxy_next_upstream');
  const tries = scope.one('proxy_next_upstream_tries');
  const within = scope.one('proxy_next_upstream_timeout');
  for (const each of [next, tries, within]) report.carried(each);
  if (next === null && tries === null && within === null) return;
  const on = next === null ? ['error', 'timeout'] : words(next);
  const retry: Record<string, TomlValue> = {};
  if (on.includes('off')) retry.tries = 1;
  else retry.on = [...new Set(on.flatMap((word) => RETRIED[word] ?? []))];
  if (on.includes('non_idempotent')) retry.unsafe = true;
  if (tries !== null && words(tries)[0] !== '0') retry.tries = Number(words(tries)[0]);
  if (within !== null && words(within)[0] !== '0') retry.within = duration(words(within)[0] ?? '') ?? '10s';
  table.retry = retry;
}

function secured(table: Record<string, TomlValue>, scope: Scope, target: Target, { report }: Context): void {
  const tls: Record<string, TomlValue> = {};
  const take = (directive: string, key: string): void => {
    const found = scope.one(directive);
    report.carried(found);
    if (found !== null) tls[key] = translate(words(found)[0] ?? '', scope).text;
  };
  // nginx does not look at the certificate, unless it is told to.
  tls.verify = scope.isOn('proxy_ssl_verify');
  for (const name of [
    'proxy_ssl_verify',
    'proxy_ssl_server_name',
    'proxy_ssl_session_reuse',
    'proxy_ssl_protocols',
  ])
    report.carried(scope.one(name));
  take('proxy_ssl_name', 'name');
  take('proxy_ssl_trusted_certificate', 'ca');
  take('proxy_ssl_certificate', 'certificate');
  take('proxy_ssl_certificate_key', 'key');
  if (target.scheme === 'https') table.tls = tls;
}
