// RFC 9111 4.1: which of several responses to one URI is for a request.

import type { StoredFacts } from './stored-facts.ts';

/** In lower case, each once; `*`: no other request will match. */
export function varyNames(values: readonly string[]): readonly string[] | '*' {
  const names = new Set(
    values
      .join(',')
      .split(',')
      .map((name) => name.trim().toLowerCase())
      .filter((name) => name !== ''),
  );
  return names.has('*') ? '*' : [...names].sort();
}

/** `valueOf`: of a field of the request, '' where there is none. */
export function matches(
  { vary, varyValues, unspoken, route }: Pick<StoredFacts, 'vary' | 'varyValues' | 'unspoken' | 'route'>,
  request: { readonly unspoken: string; readonly route: string; valueOf(name: string): string },
): boolean {
  if (route !== request.route || unspoken !== request.unspoken) return false;
  for (let index = 0; index < vary.length; index += 1) {
    if (!isSame(varyValues[index] as string, request.valueOf(vary[index] as string))) return false;
  }
  return true;
}

function isSame(a: string, b: string): boolean {
  return a === b || normalised(a) === normalised(b);
}

/** Blanks around commas mean nothing in a list. */
const normalised = (value: string): string => value.replace(/[ \t]*,[ \t]*/g, ',');
