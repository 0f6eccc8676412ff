// `health` of an upstream: a path, or a table that has one.

import type { UpstreamTls } from '../../protocol/supervision/proxy.ts';
import type { HealthCheckSpec } from '../../protocol/supervision/upstream.ts';
import { type FileValue, ValueProblem } from '../setting.ts';
import { integerFrom, TableReader, type TomlContext, text } from '../toml/table-reader.ts';
import { STRING, WAIT } from './schemas.ts';
import { DEFAULT_UPSTREAM_TLS, UPSTREAM_TLS_SCHEMA, upstreamTls } from './upstream-tls.ts';
import { truth, waitFrom } from './values.ts';

const PROPERTIES = {
  path: { ...STRING, description: 'What is asked for: /health.' },
  host: { ...STRING, description: "Of the Host field; the server's own name without this." },
  port: {
    type: 'integer',
    minimum: 1,
    maximum: 65_535,
    description: 'Where another one than requests go to.',
  },
  every: { ...WAIT, description: 'From one check to the next: 5s.' },
  timeout: { ...WAIT, description: 'For the whole answer: 2s.' },
  status: {
    type: ['integer', 'string', 'array'],
    items: { type: ['integer', 'string'] },
    description: 'What is good: 200, "2xx", [200, 204]; everything from 200 to 399 without this.',
  },
  tls: {
    ...UPSTREAM_TLS_SCHEMA,
    type: ['boolean', 'object'],
    description: 'true, or a table: it is asked by https.',
  },
  rises: { type: 'integer', minimum: 1, description: 'Good answers in a row that bring a server back.' },
  falls: { type: 'integer', minimum: 1, description: 'Bad ones in a row that take it out.' },
};

export const HEALTH_SCHEMA = {
  description: 'A path that servers are asked for again and again, or a table with one.',
  type: ['string', 'object'],
  additionalProperties: false,
  properties: PROPERTIES,
};

const DEFAULTS: Omit<HealthCheckSpec, 'path'> = {
  host: null,
  port: null,
  everyMs: 5000,
  timeoutMs: 2000,
  statuses: [[200, 399]],
  tls: null,
  rises: 2,
  falls: 3,
};

/** `within` is the upstream's table. null: there is none, or nothing right. */
export function healthCheck(within: TableReader, context: TomlContext): HealthCheckSpec | null {
  const entry = within.entry('health');
  if (entry === undefined) return null;
  if (entry.node.kind === 'table') {
    const reader = new TableReader(entry.node, 'health', Object.keys(PROPERTIES), context);
    if (reader.present('path').length === 0)
      reader.note(entry.place, 'health needs a path, such as "/health"');
    const path = reader.read('path', target);
    const { statuses } = DEFAULTS;
    return path === undefined
      ? null
      : {
          path,
          host: reader.read('host', fieldValue) ?? DEFAULTS.host,
          port: reader.read('port', integerFrom(1, 65_535)) ?? DEFAULTS.port,
          everyMs: reader.read('every', waitFrom(100)) ?? DEFAULTS.everyMs,
          timeoutMs: reader.read('timeout', waitFrom(10)) ?? DEFAULTS.timeoutMs,
          statuses: reader.read('status', statusRanges) ?? statuses,
          tls: tlsOf(reader, context),
          rises: reader.read('rises', integerFrom(1, 1000)) ?? DEFAULTS.rises,
          falls: reader.read('falls', integerFrom(1, 1000)) ?? DEFAULTS.falls,
        };
  }
  const path = within.read('health', target);
  return path === undefined ? null : { ...DEFAULTS, path };
}

/** `true`, or the table that a proxy has. */
function tlsOf(reader: TableReader, context: TomlContext): UpstreamTls | null {
  const entry = reader.entry('tls');
  if (entry === undefined) return DEFAULTS.tls;
  if (entry.node.kind === 'table') return upstreamTls(reader, context);
  return reader.read('tls', truth) ? DEFAULT_UPSTREAM_TLS : null;
}

function target(value: FileValue): string {
  const written = text(value);
  if (/^\/[\x21-\x22\x24-\x7e]*$/.test(written)) return written;
  throw new ValueProblem('give a path such as /health, percent-encoded where that is needed');
}

function fieldValue(value: FileValue): string {
  const written = text(value);
  if (/^[\x21-\x7e]+$/.test(written)) return written;
  throw new ValueProblem('give a host such as shop.example');
}

function statusRanges(value: FileValue): HealthCheckSpec['statuses'] {
  const items = Array.isArray(value) ? value : [value];
  if (items.length > 0) return items.map(statusRange);
  throw new ValueProblem('no status is good then; give one such as 200');
}

function statusRange(value: FileValue): readonly [number, number] {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 200 && value <= 599) {
    return [value, value];
  }
  const [, hundreds] = (typeof value === 'string' && /^([2-5])xx$/i.exec(value)) || [];
  if (hundreds !== undefined) return [Number(hundreds) * 100, Number(hundreds) * 100 + 99];
  throw new ValueProblem('not a status such as 200, "2xx" for all of them, or an array of such');
}
