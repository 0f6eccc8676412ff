// `if`, as far as a route can say the same.

import type { TomlValue } from '../draft.ts';
import { literal, pattern } from '../regex.ts';
import type { Condition } from './host-conditions.ts';
import { type Match, matchWithin } from './match.ts';

/** Keys of a route that hold when the condition does. */
export interface ConditionKeys {
  readonly keys: readonly (readonly [key: string, value: TomlValue])[];
  readonly match: Match;
}

/** Those that are registered and in use. */
export const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'CONNECT'];

/** null: no route can say it. */
export function conditionKeys(condition: Condition, match: Match): ConditionKeys | null {
  const { variable, comparison, value } = condition;
  const keys = (...pairs: readonly (readonly [string, TomlValue])[]): ConditionKeys => ({
    keys: pairs,
    match,
  });
  if (variable === 'scheme' && (comparison === '=' || comparison === '!=')) {
    const isHttp = (value === 'http') === (comparison === '=');
    return keys(['scheme', isHttp ? 'http' : 'https']);
  }
  if (variable === 'https') {
    if (comparison === null) return keys(['scheme', 'https']);
    return keys(['scheme', (comparison === '=') === (value === 'on') ? 'https' : 'http']);
  }
  if (variable === 'server_port' && comparison === '=') return keys(['port', Number(value)]);
  if (variable === 'request_method') {
    const methods = methodsOf(condition);
    return methods === null ? null : keys(['methods', methods]);
  }
  if (
    (variable === 'uri' || variable === 'request_uri' || variable === 'document_uri') &&
    comparison?.startsWith('~')
  ) {
    const found = pattern(value, comparison === '~*');
    const inner = found === null ? null : matchWithin(match, found);
    return inner === null ? null : { keys: [], match: inner };
  }
  if (variable.startsWith('http_')) return fieldKeys(condition, keys);
  return null;
}

/** Of a comparison; what is left out of a negated one are methods that hardly anybody has. */
function methodsOf({ comparison, value }: Condition): readonly string[] | null {
  const [, list] = /^\^?\(?(?:\?:)?([A-Z|]+)\)?\$?$/.exec(value) ?? [];
  if (list === undefined || comparison === null) return null;
  const named = list.split('|');
  return comparison.startsWith('!') ? METHODS.filter((method) => !named.includes(method)) : named;
}

function fieldKeys(
  { variable, comparison, value }: Condition,
  keys: (...pairs: readonly (readonly [string, TomlValue])[]) => ConditionKeys,
): ConditionKeys | null {
  const field = variable
    .slice('http_'.length)
    .split('_')
    .map((part) => part.charAt(0).toUpperCase() + part.slice(1))
    .join('-');
  const is = (match: TomlValue) => keys(['match_headers', { [field]: match }]);
  if (comparison === null) return is(true);
  if (comparison.endsWith('=')) {
    const isNegated = comparison === '!=';
    if (value === '') return is(isNegated);
    return isNegated ? is({ pattern: `^(?!${literal(value)}$)` }) : is(value);
  }
  const found = pattern(value, false);
  const source = found === null || !comparison.endsWith('*') ? found?.source : anyCase(found.source);
  if (source === undefined || source === null || comparison.startsWith('!')) return null;
  return is({ pattern: source });
}

/** The same pattern for small letters and capitals; null: it is not so plain. */
function anyCase(source: string): string | null {
  if (/\\[a-z0-9]|\[|\(\?/i.test(source)) return null;
  return source.replace(/[a-z]/gi, (letter) => `[${letter.toLowerCase()}${letter.toUpperCase()}]`);
}
