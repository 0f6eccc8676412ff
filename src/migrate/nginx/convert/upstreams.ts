// upstream blocks as [upstreams.NAME].

import type { Context } from '../context.ts';
import { TableDraft, type TomlValue } from '../draft.ts';
import { type Directive, words } from '../syntax.ts';
import { duration } from '../values.ts';
import { translate } from '../variables.ts';

/** The host of a proxy's target; where it is an upstream's name, that is written down. */
export function keepUpstream(host: string, context: Context): string {
  const directive = context.upstreams.get(host);
  if (directive === undefined) return host;
  const name = host.replace(/[^\w.-]/g, '_');
  if (!context.draft.upstreams.has(name)) context.draft.upstreams.set(name, upstream(directive, context));
  return name;
}

const NEEDS_NOTHING: Readonly<Record<string, string>> = {
  zone: 'there is one edge: nothing has to be shared',
  keepalive_requests: 'connections are kept however many requests they had',
  keepalive_time: 'connections are kept however old they are',
};

function upstream(directive: Directive, context: Context): TableDraft {
  const { report, http } = context;
  const table = new TableDraft();
  const servers: TomlValue[] = [];
  let first: Directive | null = null;
  report.carried(directive);
  for (const inner of directive.block ?? []) {
    const [word = '', second] = words(inner);
    const why = NEEDS_NOTHING[inner.name];
    if (why !== undefined) report.carried(inner, why);
    else report.carried(inner);
    if (inner.name === 'server') {
      servers.push(server(inner, context));
      first ??= inner;
    } else if (inner.name === 'least_conn') table.set('balance', 'least-connections', inner);
    else if (inner.name === 'ip_hash') {
      table.set('balance', { hash: '$remote_addr' }, inner);
      report.differs(inner, 'the whole address is hashed, not the first three parts of it');
    } else if (inner.name === 'hash') {
      table.set(
        'balance',
        { hash: translate(word, http).text, ...(second === 'consistent' ? { consistent: true } : {}) },
        inner,
      );
      report.differs(inner, 'the hash is another one: a key may go to another server than under nginx');
    } else if (inner.name === 'random') table.set('balance', 'two-choices', inner);
    else if (inner.name === 'keepalive') table.set('keepalive', Number(word), inner);
    else if (inner.name === 'keepalive_timeout')
      table.set('keepalive_timeout', duration(word) ?? '60s', inner);
    else if (why === undefined) report.missing(inner, `an upstream has no ${inner.name}`);
  }
  const sorted = new TableDraft().set('servers', servers, first ?? directive);
  for (const [key, entry] of table.entries) sorted.entries.set(key, entry);
  return sorted;
}

function server(directive: Directive, { report }: Context): TomlValue {
  const [address = '', ...parameters] = words(directive);
  const table: Record<string, TomlValue> = { address: withPort(address) };
  for (const each of parameters) {
    const [name = '', value = ''] = each.split('=', 2);
    if (name === 'weight' || name === 'max_fails') table[name] = Number(value);
    else if (name === 'fail_timeout' || name === 'slow_start') failTimeout(table, name, value);
    else if (name === 'max_conns') table.max_connections = Number(value);
    else if (name === 'backup' || name === 'down') table[name] = true;
    else if (name === 'resolve') report.carried(directive, 'names are resolved again as they change');
    else report.missing(directive, `a server has no ${name}`);
  }
  return Object.keys(table).length === 1 ? (table.address as string) : table;
}

function failTimeout(table: Record<string, TomlValue>, name: string, value: string): void {
  const time = duration(value);
  if (time !== null) table[name] = time;
}

function withPort(address: string): string {
  if (address.startsWith('unix:') || /:\d+$/.test(address)) return address;
  return `${address}:80`;
}
