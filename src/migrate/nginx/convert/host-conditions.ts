// `if ($host = www.shop.example) { … }`: sites are chosen by the host, so such a condition is decided when they are made.

import { pattern } from '../regex.ts';
import type { Scope } from '../scope.ts';
import { words } from '../syntax.ts';

const OF_HOST = /^\$(host|http_host|server_name)$/;

export type Comparison = '=' | '!=' | '~' | '~*' | '!~' | '!~*';

export interface Condition {
  /** Without the dollar. */
  readonly variable: string;
  /** null: whether it is neither empty nor 0. */
  readonly comparison: Comparison | null;
  readonly value: string;
}

/** What stands in the parentheses of an `if`; null: a test of files. */
export function conditionIn(texts: readonly string[]): Condition | null {
  const inner = [...texts];
  inner[0] = (inner[0] ?? '').replace(/^\(/, '');
  // Behind a text in quotes it is a word of its own.
  const last = inner.pop() ?? '';
  if (last !== ')') inner.push(last.replace(/\)$/, ''));
  const [variable = '', comparison, ...value] = inner.filter((text, index) => text !== '' || index > 1);
  if (!variable.startsWith('$')) return null;
  const name = variable.slice(1);
  if (comparison === undefined) return { variable: name, comparison: null, value: '' };
  return { variable: name, comparison: comparison as Comparison, value: value.join(' ') };
}

/** Hosts that a server's conditions single out, and that are to be sites of their own. */
export function hostConditions(server: Scope, names: readonly string[]): readonly string[] {
  return server.own('if').flatMap((directive) => {
    const condition = conditionIn(words(directive));
    if (condition === null || !OF_HOST.test(`$${condition.variable}`)) return [];
    const { comparison, value } = condition;
    if (comparison === '=' || comparison === '!=') return [value.toLowerCase()];
    return names.filter((name) => !name.startsWith('*'));
  });
}

/** Whether the condition holds for these hosts; null: that depends on the request. None are all hosts that have no site. */
export function isOfHosts(condition: Condition, hosts: readonly string[]): boolean | null {
  const { variable, comparison, value } = condition;
  if (!OF_HOST.test(`$${variable}`) || comparison === null) return null;
  const isNegated = comparison.startsWith('!');
  if (hosts.length === 0) {
    // A pattern from beginning to end has been asked about every host that is named.
    const isWhole = comparison.endsWith('=') || /^\^[^*+?]*\$$/.test(value.replace(/\\./g, ''));
    return isWhole ? isNegated : null;
  }
  const answers = new Set(hosts.map((host) => holds(comparison, value, host) !== isNegated));
  return answers.size === 1 ? ([...answers][0] ?? null) : null;
}

function holds(comparison: Comparison, value: string, host: string): boolean {
  if (comparison.endsWith('=')) return value.toLowerCase() === host;
  const found = pattern(value, comparison.endsWith('*'));
  return found !== null && new RegExp(found.source, found.ignoresCase ? 'iu' : 'u').test(host);
}
