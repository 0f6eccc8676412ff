// `https_only` and `hsts` of a site or a route.

import type { RouteOptions } from '../../protocol/supervision/site.ts';
import { type FileValue, ValueProblem } from '../setting.ts';
import { integerFrom } from '../toml/table-reader.ts';
import { seconds, truth } from './values.ts';

export const HTTPS_ONLY_SCHEMA = {
  description: 'Whether plain requests are sent to HTTPS; a table names the port that clients see.',
  type: ['boolean', 'object'],
  additionalProperties: false,
  properties: { port: { type: 'integer', minimum: 1, maximum: 65_535 } },
};

export const HSTS_SCHEMA = {
  description: 'How long browsers use HTTPS alone (Strict-Transport-Security): 1y, or a table.',
  type: ['string', 'integer', 'object', 'boolean'],
  additionalProperties: false,
  properties: {
    max_age: { type: ['integer', 'string'] },
    subdomains: { type: 'boolean' },
    preload: { type: 'boolean' },
  },
};

/** What hstspreload.org asks for. */
const PRELOAD_SECONDS = 31_536_000;
const aPort = integerFrom(1, 65_535);

export function httpsOnly(value: FileValue): RouteOptions['httpsOnly'] {
  if (typeof value === 'boolean') return value ? { port: null } : null;
  const { port, ...others } = tableOf(value, 'give true, false, or a table such as { port = 443 }');
  refuseOthers(others, 'port');
  return { port: port === undefined ? null : aPort(port) };
}

/** As the field's value. */
export function hsts(value: FileValue): string | null {
  if (value === false) return null;
  if (typeof value === 'string' || typeof value === 'number') return `max-age=${seconds(value)}`;
  const table = tableOf(
    value,
    'give a time such as "1y", or a table such as { max_age = "1y", subdomains = true }',
  );
  const { max_age, subdomains, preload, ...others } = table;
  refuseOthers(others, 'max_age, subdomains or preload');
  if (max_age === undefined) throw new ValueProblem('there is no max_age; give one such as "1y"');
  const age = seconds(max_age);
  const hasSubdomains = subdomains !== undefined && truth(subdomains);
  const isPreloaded = preload !== undefined && truth(preload);
  if (isPreloaded && !(hasSubdomains && age >= PRELOAD_SECONDS)) {
    throw new ValueProblem('browsers preload only with max_age = "1y" or more, and subdomains = true');
  }
  return `max-age=${age}${hasSubdomains ? '; includeSubDomains' : ''}${isPreloaded ? '; preload' : ''}`;
}

function tableOf(value: FileValue, right: string): Readonly<Record<string, FileValue>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new ValueProblem(right);
  return value as Readonly<Record<string, FileValue>>;
}

function refuseOthers(others: object, known: string): void {
  const [other] = Object.keys(others);
  if (other !== undefined) throw new ValueProblem(`${other} is not ${known}`);
}
