// `rate_limit` and `connection_limit` of a site or a route.

import type { ConnectionLimitSpec, RateLimitSpec } from '../../protocol/supervision/guards.ts';
import { type FileValue, ValueProblem } from '../setting.ts';
import { integerFrom, TableReader, type TomlContext, text } from '../toml/table-reader.ts';
import { placeIn, type TomlNode } from '../toml/toml-node.ts';
import { STRING } from './schemas.ts';
import { template } from './template.ts';

const SECONDS_OF: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };
const DEFAULT_KEY = '$remote_addr';
/** RFC 6585 4; nginx says 503, unless told otherwise. */
const TOO_MANY = 429;
const DEFAULT_KEYS = 100_000;
const MAX_KEYS = 10_000_000;
const MAX_BURST = 1_000_000;

const aStatus = integerFrom(400, 599);
const aCount = integerFrom(0, MAX_BURST);

const COMMON = {
  key: { ...STRING, description: 'Whose requests are counted together; with $variables.' },
  status: { type: 'integer', minimum: 400, maximum: 599 },
  zone: { ...STRING, description: 'Limits of one name count together.' },
};
const RATE_PROPERTIES = {
  rate: { ...STRING, description: 'Requests in a time: 10/s, 30/m, 1000/h.' },
  ...COMMON,
  burst: { type: 'integer', minimum: 0, description: 'Requests above the rate that are let in.' },
  delay: { type: ['boolean', 'integer'], description: 'Whether those wait, or from which one on.' },
  keys: { type: 'integer', minimum: 1, description: 'Of how many keys the state is known.' },
};
const CONNECTION_PROPERTIES = {
  limit: { type: 'integer', minimum: 1, description: 'Requests in progress.' },
  ...COMMON,
};

export const RATE_LIMIT_SCHEMA = {
  description: 'How often requests may come: "10/s", a table, several of them, or false.',
  anyOf: [STRING, { enum: [false] }, ...oneOrMore(RATE_PROPERTIES)],
};

export const CONNECTION_LIMIT_SCHEMA = {
  description: 'How many requests may be in progress: a number, a table, several of them, or false.',
  anyOf: [{ type: 'integer', minimum: 1 }, { enum: [false] }, ...oneOrMore(CONNECTION_PROPERTIES)],
};

function oneOrMore(properties: object): readonly object[] {
  const table = { type: 'object', additionalProperties: false, properties };
  return [table, { type: 'array', items: table }];
}

export function rateLimits(reader: TableReader, context: TomlContext): readonly RateLimitSpec[] | undefined {
  const node = reader.entry('rate_limit')?.node;
  if (node === undefined) return undefined;
  if (node.kind === 'scalar') {
    return reader.read('rate_limit', (value) => (value === false ? [] : [aRateLimit(rate(value), context)]));
  }
  return tablesOf(reader, 'rate_limit', node).flatMap((table) => {
    const inner = new TableReader(table, 'rate_limit', Object.keys(RATE_PROPERTIES), context);
    const perSecond = inner.read('rate', rate);
    if (inner.present('rate').length === 0) {
      inner.note(table.place, 'a rate_limit needs a rate, such as rate = "10/s"');
    }
    const burst = inner.read('burst', aCount) ?? 0;
    const delay = inner.read('delay', delayFrom);
    const given = {
      key: inner.read('key', template),
      burst,
      undelayed: delay === false ? null : typeof delay === 'number' ? delay : 0,
      status: inner.read('status', aStatus),
      zone: inner.read('zone', name),
      keys: inner.read('keys', integerFrom(1, MAX_KEYS)),
    };
    if (perSecond === undefined) return [];
    const spec = aRateLimit(perSecond, context, given);
    const other = differing(
      context,
      `rate ${spec.zone}`,
      `${spec.key} ${perSecond} ${spec.keys}`,
      table.place,
    );
    if (other !== null) {
      inner.note(
        table.place,
        `zone "${spec.zone}" has another rate or key at ${other}; limits that count together have the same`,
      );
    }
    return [spec];
  });
}

export function connectionLimits(
  reader: TableReader,
  context: TomlContext,
): readonly ConnectionLimitSpec[] | undefined {
  const node = reader.entry('connection_limit')?.node;
  if (node === undefined) return undefined;
  const aLimit = integerFrom(1, MAX_BURST);
  if (node.kind === 'scalar') {
    return reader.read('connection_limit', (value) =>
      value === false ? [] : [aConnectionLimit(aLimit(value), context)],
    );
  }
  return tablesOf(reader, 'connection_limit', node).flatMap((table) => {
    const inner = new TableReader(table, 'connection_limit', Object.keys(CONNECTION_PROPERTIES), context);
    const limit = inner.read('limit', aLimit);
    if (inner.present('limit').length === 0) {
      inner.note(table.place, 'a connection_limit needs a limit, such as limit = 10');
    }
    const given = {
      key: inner.read('key', template),
      status: inner.read('status', aStatus),
      zone: inner.read('zone', name),
    };
    if (limit === undefined) return [];
    const spec = aConnectionLimit(limit, context, given);
    const other = differing(context, `connections ${spec.zone}`, spec.key, table.place);
    if (other !== null) {
      inner.note(
        table.place,
        `zone "${spec.zone}" has another key at ${other}; limits that count together have the same`,
      );
    }
    return [spec];
  });
}

type Given<T> = { readonly [Key in keyof T]?: T[Key] | undefined };

function aRateLimit(
  perSecond: number,
  context: TomlContext,
  given: Given<RateLimitSpec> = {},
): RateLimitSpec {
  return {
    perSecond,
    key: given.key ?? DEFAULT_KEY,
    burst: given.burst ?? 0,
    undelayed: given.undelayed === undefined ? 0 : given.undelayed,
    status: given.status ?? TOO_MANY,
    zone: given.zone ?? nameless(context),
    keys: given.keys ?? DEFAULT_KEYS,
  };
}

function aConnectionLimit(
  limit: number,
  context: TomlContext,
  given: Given<ConnectionLimitSpec> = {},
): ConnectionLimitSpec {
  return {
    limit,
    key: given.key ?? DEFAULT_KEY,
    status: given.status ?? TOO_MANY,
    zone: given.zone ?? nameless(context),
  };
}

function tablesOf(reader: TableReader, key: string, node: TomlNode) {
  const items = node.kind === 'array' ? node.items : [node];
  const tables = items.filter((item) => item.kind === 'table');
  if (tables.length < items.length) {
    reader.note(node.place, `${key} = ${node.text}: not a table, nor an array of them`);
  }
  return tables;
}

/** What zones of one file were said to be, and where; and how many limits have no name. */
interface Zones {
  readonly named: Map<string, { readonly what: string; readonly where: string }>;
  nameless: number;
}
const zonesOf = new WeakMap<object, Zones>();

function zones(context: TomlContext): Zones {
  // The list of problems is one for each reading of a file.
  const known = zonesOf.get(context.problems) ?? { named: new Map(), nameless: 0 };
  zonesOf.set(context.problems, known);
  return known;
}

/** The same after a reload, as long as no limit is added before it. */
function nameless(context: TomlContext): string {
  const all = zones(context);
  all.nameless += 1;
  return `#${all.nameless}`;
}

/** Where the zone was said to be something else; null: nowhere. */
function differing(
  context: TomlContext,
  zone: string,
  what: string,
  place: TomlNode['place'],
): string | null {
  const { named } = zones(context);
  const before = named.get(zone);
  if (before === undefined) named.set(zone, { what, where: placeIn(context.file, place) });
  return before === undefined || before.what === what ? null : before.where;
}

/** `"10/s"`; requests in a second. */
function rate(value: FileValue): number {
  const [, count, unit = ''] = (typeof value === 'string' && /^(\d+)(?:r?\/([smhd]))$/.exec(value)) || [];
  const perSecond = count === undefined ? 0 : Number(count) / (SECONDS_OF[unit] as number);
  if (perSecond > 0 && perSecond <= 1e6) return perSecond;
  throw new ValueProblem('not a rate such as "10/s" (s, m, h, d)');
}

function delayFrom(value: FileValue): boolean | number {
  if (typeof value === 'boolean') return value;
  try {
    return aCount(value);
  } catch {
    throw new ValueProblem(
      'not true (all that come too early wait), false (none does), or from which one on',
    );
  }
}

function name(value: FileValue): string {
  const written = text(value);
  if (/^[\w.-]+$/.test(written)) return written;
  throw new ValueProblem('a name has letters, digits, dots, dashes and underscores');
}
