// What holds for the whole program: addresses, times, logs, trust.

import type { Context } from '../context.ts';
import { isDirective } from '../directives.ts';
import { Scope } from '../scope.ts';
import { type Directive, words } from '../syntax.ts';
import { duration, seconds } from '../values.ts';
import { bindsOf } from './listens.ts';
import { NO_EQUIVALENT, NOTHING_TO_SET_FOR, OF_OTHER_PROTOCOLS, otherProtocol } from './nothing-to-set.ts';
import type { NamedServer } from './responsible.ts';

const TIMES: Readonly<Record<string, string>> = {
  keepalive_timeout: 'keepalive',
  client_header_timeout: 'header_timeout',
  client_body_timeout: 'body_timeout',
  send_timeout: 'send_timeout',
};

export function writeSettings(servers: readonly NamedServer[], context: Context): void {
  const { draft, wishes, report } = context;
  const { settings } = draft;
  if (wishes.app !== null) settings.set('app', wishes.app);
  const binds = bindsOf(servers.flatMap(({ listens }) => listens));
  const listen =
    servers.flatMap(({ listens }) => listens).find(({ directive }) => directive !== null)?.directive ?? null;
  if (binds.length > 0) settings.set('bind', binds, listen);
  proxyProtocol(servers, context);
  for (const [name, key] of Object.entries(TIMES)) {
    const all = [context.http, ...servers.map(({ scope }) => scope)].flatMap((scope) => scope.own(name));
    const [first] = all;
    if (first === undefined) continue;
    const time = seconds(words(first)[0] ?? '');
    if (time !== null) settings.set(key, time, first);
    report.carried(first);
    for (const each of all.slice(1)) {
      if (words(each)[0] === words(first)[0]) report.carried(each);
      else report.differs(each, `${key} is one for all sites: ${duration(words(first)[0] ?? '')}`);
    }
  }
  errorLog(servers, context);
  realAddress(servers, context);
}

function proxyProtocol(servers: readonly NamedServer[], { draft, report }: Context): void {
  const directives = servers.flatMap(({ listens }) =>
    listens.filter(({ isProxied }) => isProxied).map(({ directive }) => directive),
  );
  const [first] = directives;
  if (first === undefined || first === null) return;
  draft.settings.set('proxy_protocol', true, first);
  for (const each of directives)
    report.differs(each, 'the PROXY protocol is spoken at every address, and believed of proxy_allow_ips');
}

const LEVELS: Readonly<Record<string, string>> = {
  warn: 'warning',
  notice: 'info',
  crit: 'critical',
  alert: 'critical',
  emerg: 'critical',
};

function errorLog(servers: readonly NamedServer[], { draft, http, report }: Context): void {
  const all = [http, ...servers.map(({ scope }) => scope)].flatMap((scope) => scope.own('error_log'));
  for (const [index, directive] of all.entries()) {
    const [path = '', level] = words(directive);
    if (index > 0) report.differs(directive, 'there is one error log');
    else if (/^(syslog:|memory:)/.test(path)) report.differs(directive, 'see the setting `syslog`');
    else {
      report.carried(directive);
      if (!/^(stderr|\/dev\/stderr|\/dev\/null)$/.test(path)) draft.settings.set('errorlog', path, directive);
      if (level !== undefined) draft.settings.set('loglevel', LEVELS[level] ?? level, directive);
    }
  }
}

/** set_real_ip_from: whose word about the client is taken. */
function realAddress(servers: readonly NamedServer[], { draft, http, report }: Context): void {
  const scopes = [http, ...servers.map(({ scope }) => scope)];
  const own = (name: string) => scopes.flatMap((scope) => scope.own(name));
  const from = own('set_real_ip_from');
  const [first] = from;
  if (first === undefined) return;
  const addresses = [...new Set(from.map((each) => words(each)[0] ?? ''))].filter((each) => each !== 'unix:');
  for (const each of [...from, ...own('real_ip_header'), ...own('real_ip_recursive')]) report.carried(each);
  const [header] = own('real_ip_header');
  const name = header === undefined ? 'X-Real-IP' : (words(header)[0] ?? '');
  if (name === 'proxy_protocol') {
    draft.settings.set('proxy_allow_ips', addresses, first);
    return;
  }
  draft.settings.set('forwarded_allow_ips', addresses, first).set('real_ip_header', name, header ?? first);
  for (const each of own('real_ip_header')) {
    if (words(each)[0] !== name) report.differs(each, `real_ip_header is one for all sites: ${name}`);
  }
  for (const each of own('real_ip_recursive')) {
    if (words(each)[0] === 'off')
      report.differs(each, 'it is read from its end, past all addresses of trusted proxies');
  }
}

/** Directives that become no key. `within`: the name of the block that they stand in. */
export function noteTheRest(directives: readonly Directive[], within: string, context: Context): void {
  for (const directive of directives) {
    if (!context.report.has(directive)) note(directive, within, context);
    const { name, block } = directive;
    if (block === null) continue;
    if (['types', 'map', 'events'].includes(name))
      for (const inner of block) noteAs(directive, inner, context);
    else noteTheRest(block, name, context);
  }
}

/** Blocks whose directives hold for others within, and may hold for none. */
const AROUND: ReadonlySet<string> = new Set(['http', 'server']);

function note(directive: Directive, within: string, { report }: Context): void {
  const { name } = directive;
  const [first = ''] = words(directive);
  const row = NOTHING_TO_SET_FOR[name];
  const missing = NO_EQUIVALENT[name] ?? (OF_OTHER_PROTOCOLS.test(name) ? otherProtocol(name) : undefined);
  if (name === 'charset' && !/^(utf-8|off)$/i.test(first)) {
    report.differs(directive, 'texts are said to be UTF-8');
  } else if (name === 'default_type' && first === 'application/octet-stream') {
    report.carried(directive);
  } else if (name in TIMES) {
    report.differs(directive, `${TIMES[name]} is one for all sites, and is not taken from here`);
  } else if (name === 'error_log') {
    report.differs(directive, 'there is one error log');
  } else if (row !== undefined) {
    report[row[0]](directive, row[1]);
  } else if (name === 'map' && isUpgradeMap(directive)) {
    report.carried(directive, 'upgrades are passed on without it');
  } else if (missing !== undefined) {
    report.missing(directive, missing);
  } else if (name === 'user') {
    const how = `with user = "${first}" Kirin, started as root, gives up its rights, as --user does`;
    report.differs(directive, how);
  } else if (name === 'http') {
    report.carried(directive);
  } else if (AROUND.has(within) && isDirective(name)) {
    report.carried(directive, 'nothing uses it');
  }
}

/** What stands in a table is as the table. */
function noteAs(table: Directive, inner: Directive, { report }: Context): void {
  const row = NOTHING_TO_SET_FOR[inner.name];
  if (table.name === 'events' && row !== undefined) report[row[0]](inner, row[1]);
  else report.carried(inner);
}

/** `map $http_upgrade $connection_upgrade { default upgrade; '' close; }` */
function isUpgradeMap(directive: Directive): boolean {
  return words(directive)[0] === '$http_upgrade';
}

export function httpScope(directives: readonly Directive[]): Scope {
  const outer = directives.filter(({ name }) => name !== 'http');
  const inner = directives.filter(({ name }) => name === 'http').flatMap(({ block }) => block ?? []);
  const place = directives[0]?.place ?? { file: '', line: 1, column: 1 };
  return new Scope({ name: 'http', args: [], block: [...outer, ...inner], place }, null);
}
