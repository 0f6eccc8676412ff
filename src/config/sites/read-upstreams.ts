// `[upstreams.NAME]` of a kirin.toml, and `resolver`.

import { isIP } from 'node:net';
import {
  type BalanceSpec,
  UPSTREAM_DEFAULTS,
  type UpstreamSpec,
} from '../../protocol/supervision/upstream.ts';
import { type FileValue, ValueProblem } from '../setting.ts';
import { integerFrom, TableReader, type TomlContext, texts } from '../toml/table-reader.ts';
import type { TomlTable } from '../toml/toml-node.ts';
import { HEALTH_SCHEMA, healthCheck } from './health-check.ts';
import { readServers, SERVERS_SCHEMA } from './read-servers.ts';
import { COUNT, STRING, STRINGS, WAIT } from './schemas.ts';
import { isHostName } from './server-address.ts';
import { template } from './template.ts';
import { waitFrom } from './values.ts';

const METHODS = ['round-robin', 'least-connections', 'two-choices'] as const;
const DNS_PORT = 53;

const PROPERTIES = {
  servers: SERVERS_SCHEMA,
  balance: {
    description: 'Which server the next request goes to.',
    oneOf: [
      { enum: METHODS },
      {
        type: 'object',
        additionalProperties: false,
        required: ['hash'],
        properties: {
          hash: { ...STRING, description: 'Requests of one value go to one server: $remote_addr.' },
          consistent: { const: true, description: 'It always is; nginx wants it said.' },
        },
      },
    ],
  },
  keepalive: { ...COUNT, description: 'Idle connections that are kept, at most, to each server.' },
  keepalive_timeout: { ...WAIT, description: 'For how long: 60s.' },
  health: HEALTH_SCHEMA,
  resolve_every: { ...WAIT, description: 'How often names are looked up again: 10s.' },
  resolver: { ...STRINGS, description: 'Name servers to ask, instead of the system.' },
};

export const UPSTREAMS_SCHEMA = {
  description: 'Groups of servers that requests are proxied to, by their names.',
  type: 'object',
  additionalProperties: { type: 'object', additionalProperties: false, properties: PROPERTIES },
};

export const RESOLVER_SCHEMA = {
  ...STRINGS,
  description: 'Name servers that are asked for servers of upstreams, instead of the system: 127.0.0.11.',
};

/** `top`: the file's own table. */
export function readResolvers(top: TableReader): readonly string[] {
  return top.read('resolver', nameServers) ?? [];
}

/** `resolvers`: of those that do not say it themselves. */
export function readUpstreams(
  top: TableReader,
  resolvers: readonly string[],
  context: TomlContext,
): readonly UpstreamSpec[] {
  const entry = top.entry('upstreams');
  if (entry === undefined) return [];
  if (entry.node.kind !== 'table') {
    top.note(entry.place, `upstreams = ${entry.node.text}: not tables; each begins with [upstreams.NAME]`);
    return [];
  }
  const upstreams: UpstreamSpec[] = [];
  for (const [name, { place, node }] of entry.node.entries) {
    if (!isHostName(name)) {
      top.note(place, `'${name}' is no name of an upstream; give one such as shop, as hosts have them`);
    } else if (node.kind !== 'table') {
      top.note(place, `${name} = ${node.text}: not a table; write [upstreams.${name}], and servers below it`);
    } else {
      upstreams.push(readUpstream(name, node, resolvers, context));
    }
  }
  return upstreams;
}

function readUpstream(
  name: string,
  table: TomlTable,
  resolvers: readonly string[],
  context: TomlContext,
): UpstreamSpec {
  const reader = new TableReader(table, 'an upstream', Object.keys(PROPERTIES), context);
  const keepalive = reader.read('keepalive', integerFrom(0, 100_000));
  const keepaliveTimeoutMs =
    reader.read('keepalive_timeout', waitFrom(0)) ?? UPSTREAM_DEFAULTS.keepaliveTimeoutMs;
  return {
    name,
    servers: readServers(reader, table, context),
    balance: reader.read('balance', balance) ?? UPSTREAM_DEFAULTS.balance,
    // For no time is not at all, and not for ever.
    keepalive: keepaliveTimeoutMs === 0 ? 0 : (keepalive ?? UPSTREAM_DEFAULTS.keepalive),
    keepaliveTimeoutMs,
    health: healthCheck(reader, context),
    names: {
      resolvers: reader.read('resolver', nameServers) ?? resolvers,
      everyMs: reader.read('resolve_every', waitFrom(100)) ?? null,
    },
  };
}

function balance(value: FileValue): BalanceSpec {
  const method = METHODS.find((each) => each === value);
  if (method !== undefined) return { by: method };
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    const { hash, consistent = true, ...others } = value as Readonly<Record<string, FileValue>>;
    const [other] = Object.keys(others);
    if (other !== undefined) throw new ValueProblem(`${other} is neither hash nor consistent`);
    if (hash === undefined) throw new ValueProblem('there is no hash; give { hash = "$remote_addr" }');
    if (consistent !== true) throw new ValueProblem('a hash is always consistent here; leave that out');
    const key = template(hash);
    if (!key.includes('$')) throw new ValueProblem(`'${key}' is the same for every request; use a $variable`);
    return { by: 'hash', key };
  }
  throw new ValueProblem(`not one of ${METHODS.join(', ')}, or { hash = "$remote_addr" }`);
}

function nameServers(value: FileValue): readonly string[] {
  return texts(value).map((written) => {
    const [, bracketed, plain, port] =
      /^(?:\[([^\]]*)\]|([^:]*|[^[\]]*:[^[\]]*:[^[\]]*))(?::(\d+))?$/.exec(written) ?? [];
    const host = bracketed ?? plain ?? '';
    const number = Number(port ?? DNS_PORT);
    if (isIP(host) === 0 || number < 1 || number > 65_535) {
      throw new ValueProblem(
        `'${written}' is no name server; give an IP address, as in 127.0.0.11 or 10.0.0.2:53`,
      );
    }
    return host.includes(':') ? `[${host}]:${number}` : `${host}:${number}`;
  });
}
