// `retry` of a proxy: when another server of the upstream is asked.

import type { RetryReason, RetrySpec } from '../../protocol/supervision/proxy.ts';
import { type FileValue, ValueProblem } from '../setting.ts';
import { integerFrom, TableReader, type TomlContext } from '../toml/table-reader.ts';
import { truth, waitFrom } from './values.ts';

const STATUSES = [403, 404, 429, 500, 502, 503, 504];

const PROPERTIES = {
  on: {
    description: 'After what: error, timeout, and statuses.',
    type: 'array',
    items: { enum: ['error', 'timeout', ...STATUSES] },
  },
  tries: { type: 'integer', minimum: 0, description: 'Servers that are asked at most; 0: all.' },
  within: { type: ['number', 'string'], description: 'After which time no other is asked; 0: never.' },
  unsafe: { type: 'boolean', description: 'Also requests that may have had an effect, such as POST.' },
};

export const RETRY_SCHEMA = {
  description: 'When another server is asked; false: never.',
  type: ['boolean', 'object'],
  additionalProperties: false,
  properties: PROPERTIES,
};

/** Nginx's. */
export const DEFAULT_RETRY: RetrySpec = { on: ['error', 'timeout'], tries: 0, withinMs: 0, unsafe: false };

/** `within` is the table of the proxy. */
export function retry(within: TableReader, context: TomlContext): RetrySpec {
  const entry = within.entry('retry');
  if (entry === undefined) return DEFAULT_RETRY;
  if (entry.node.kind !== 'table') {
    const isWanted = within.read('retry', truthOrTable) ?? true;
    return isWanted ? DEFAULT_RETRY : { ...DEFAULT_RETRY, on: [] };
  }
  const reader = new TableReader(entry.node, 'retry', Object.keys(PROPERTIES), context);
  return {
    on: reader.read('on', reasons) ?? DEFAULT_RETRY.on,
    tries: reader.read('tries', integerFrom(0, 1000)) ?? DEFAULT_RETRY.tries,
    withinMs: reader.read('within', waitFrom(0)) ?? DEFAULT_RETRY.withinMs,
    unsafe: reader.read('unsafe', truth) ?? DEFAULT_RETRY.unsafe,
  };
}

function truthOrTable(value: FileValue): boolean {
  if (typeof value === 'boolean') return value;
  throw new ValueProblem('not a table such as { on = ["error", "timeout", 503], tries = 2 }, nor false');
}

function reasons(value: FileValue): readonly RetryReason[] {
  return (Array.isArray(value) ? value : [value]).map((reason: FileValue) => {
    if (reason === 'error' || reason === 'timeout') return reason;
    if (typeof reason === 'number' && STATUSES.includes(reason)) return reason;
    throw new ValueProblem(`not among "error", "timeout", ${STATUSES.join(', ')}`);
  });
}
