// allow, deny, satisfy, auth_basic, limit_req, limit_conn.

import { isIPv4 } from 'node:net';
import { type Context, parameter } from '../context.ts';
import type { TableDraft, TomlValue } from '../draft.ts';
import type { Scope } from '../scope.ts';
import { type Directive, words } from '../syntax.ts';
import { translate } from '../variables.ts';

export function guards(route: TableDraft, scope: Scope, context: Context): void {
  access(route, scope, context);
  basicAuth(route, scope, context);
  const satisfy = scope.one('satisfy');
  context.report.carried(satisfy);
  if (scope.word('satisfy') === 'any') route.set('satisfy', 'any', satisfy);
  rateLimits(route, scope, context);
  connectionLimits(route, scope, context);
  for (const name of Object.keys(NOT_WORKED_OUT)) closeWhere(name, route, scope, context);
}

/** Whether somebody may is asked elsewhere, or worked out. */
const NOT_WORKED_OUT: Readonly<Record<string, string>> = {
  auth_request: 'Kirin asks nobody else who may',
  auth_jwt: 'Kirin reads no tokens',
  secure_link: 'Kirin does not check links',
};

/** What was closed is not opened. */
function closeWhere(name: string, route: TableDraft, scope: Scope, { report }: Context): void {
  const directive = scope.one(name);
  if (directive === null || words(directive)[0] === 'off') {
    report.carried(directive);
    return;
  }
  report.missing(directive, `${NOT_WORKED_OUT[name]}: this answers 403 to everybody`);
  for (const key of ['app', 'files', 'proxy', 'cache']) route.entries.delete(key);
  route.set('respond', 403, directive, `${name} has no equivalent: put another guard here`);
}

/** nginx takes the first line that holds; Kirin refuses whom it denies, and then lets in whom it allows. */
function access(route: TableDraft, scope: Scope, { report }: Context): void {
  const rules = scope.all('allow', 'deny');
  for (const each of rules) report.carried(each);
  const first = rules.findIndex((each) => words(each)[0] === 'all');
  const rest = first === -1 ? rules : rules.slice(0, first);
  const end = rules[first]?.name ?? 'allow';
  const allowed = rest.filter(({ name }) => name === 'allow');
  const denied = rest.filter(({ name }) => name === 'deny');
  const last = rules.at(-1) ?? null;
  if (end === 'deny') {
    if (allowed.length === 0) route.set('deny', ['*'], last);
    else {
      route.set('allow', allowed.map(network), allowed[0] ?? null);
      if (denied.length > 0) route.set('deny', denied.map(network), denied[0] ?? null);
    }
  } else if (denied.length > 0) route.set('deny', denied.map(network), denied[0] ?? null);
  const isOpenedLater = rest.some(
    ({ name }, index) => name === 'allow' && rest.slice(index).some((each) => each.name === 'deny'),
  );
  if (isOpenedLater) {
    for (const each of allowed) report.differs(each, 'who is denied is so whatever is allowed before it');
  }
}

/** nginx looks at the network's bits alone: 192.168.1.7/24 is 192.168.1.0/24. */
function network(directive: Directive): string {
  const [text = ''] = words(directive);
  const [address = '', bits] = text.split('/');
  if (bits === undefined || !isIPv4(address)) return text;
  const number = address.split('.').reduce((sum, octet) => sum * 256 + Number(octet), 0);
  const size = 2 ** (32 - Number(bits));
  const start = number - (number % size);
  return `${[24, 16, 8, 0].map((shift) => Math.floor(start / 2 ** shift) % 256).join('.')}/${bits}`;
}

function basicAuth(route: TableDraft, scope: Scope, { report }: Context): void {
  const realm = scope.one('auth_basic');
  const file = scope.one('auth_basic_user_file');
  report.carried(realm);
  report.carried(file);
  const name = realm === null ? 'off' : (words(realm)[0] ?? '');
  if (name === 'off' || file === null) return;
  route.set('basic_auth', { realm: name, file: words(file)[0] ?? '' }, realm);
}

const USUAL_STATUS = 503;

function statusOf(scope: Scope, name: string, { report }: Context): number {
  report.carried(scope.one(name));
  return Number(scope.word(name) ?? USUAL_STATUS);
}

function rateLimits(route: TableDraft, scope: Scope, context: Context): void {
  const { report, zones } = context;
  const status = statusOf(scope, 'limit_req_status', context);
  const limits = scope.all('limit_req').flatMap((directive): TomlValue[] => {
    report.carried(directive);
    const zone = zones.get(`limit_req ${parameter(directive, 'zone')}`);
    if (zone === undefined) {
      report.missing(directive, `there is no limit_req_zone with zone=${parameter(directive, 'zone')}`);
      return [];
    }
    report.carried(zone);
    const delay = parameter(directive, 'delay');
    const table: Record<string, TomlValue> = {
      rate: (parameter(zone, 'rate') ?? '1r/s').replace('r/', '/'),
      key: keyOf(zone, scope, directive, context),
      zone: parameter(directive, 'zone') ?? '',
      status,
    };
    const burst = parameter(directive, 'burst');
    if (burst !== null) table.burst = Number(burst);
    if (words(directive).includes('nodelay')) table.delay = false;
    else if (delay !== null) table.delay = Number(delay);
    return [table];
  });
  write(route, 'rate_limit', limits, scope.one('limit_req'));
}

function connectionLimits(route: TableDraft, scope: Scope, context: Context): void {
  const { report, zones } = context;
  const status = statusOf(scope, 'limit_conn_status', context);
  const limits = scope.all('limit_conn').flatMap((directive): TomlValue[] => {
    const [name = '', limit = ''] = words(directive);
    const zone = zones.get(`limit_conn ${name}`);
    report.carried(directive);
    if (zone === undefined) {
      report.missing(directive, `there is no limit_conn_zone with zone=${name}`);
      return [];
    }
    report.carried(zone);
    return [{ limit: Number(limit), key: keyOf(zone, scope, directive, context), zone: name, status }];
  });
  write(route, 'connection_limit', limits, scope.one('limit_conn'));
}

/** What a map has made of the address, say, is not known here: then each address counts. */
function keyOf(zone: Directive, scope: Scope, limit: Directive, { report }: Context): string {
  const { text, unknown } = translate(words(zone)[0] ?? '', scope);
  if (unknown.length === 0) return text;
  report.missing(limit, `there is no $${unknown.join(', $')}: each address is limited by itself`);
  return '$remote_addr';
}

function write(route: TableDraft, key: string, limits: readonly TomlValue[], from: Directive | null): void {
  const [only] = limits;
  if (only !== undefined) route.set(key, limits.length === 1 ? only : limits, from);
}
