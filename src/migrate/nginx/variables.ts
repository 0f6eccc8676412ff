// nginx's texts with $variables as Kirin's templates.

import { VARIABLE_FAMILIES, VARIABLES } from '../../protocol/supervision/template.ts';
import type { Scope } from './scope.ts';

export interface Translated {
  readonly text: string;
  /** Variables that Kirin does not have; they stand in the text as they were. */
  readonly unknown: readonly string[];
}

const SAME: Readonly<Record<string, string>> = {
  binary_remote_addr: '$remote_addr',
  document_uri: '$uri',
  query_string: '$args',
  realip_remote_addr: '$remote_addr',
};

const REFERENCE = /\$(?:\{(\w+)\}|(\w+))/g;
/** `set` may be given what another `set` has set; more than this is a circle. */
const MOST_SUBSTITUTIONS = 10;

export function translate(text: string, scope: Scope): Translated {
  const unknown = new Set<string>();
  const resolved = withSets(text, scope, MOST_SUBSTITUTIONS);
  const translated = resolved.replace(REFERENCE, (reference, braced?: string, plain?: string) => {
    const name = braced ?? plain ?? '';
    if (name === 'server_name') return scope.serverName;
    // `$1` is the group also where letters follow.
    if (/^[1-9]/.test(name)) return reference;
    const same = SAME[name];
    if (same !== undefined) return braced === undefined ? same : `\${${same.slice(1)}}`;
    if (!isVariable(name)) unknown.add(name);
    return reference;
  });
  return { text: translated, unknown: [...unknown] };
}

function isVariable(name: string): boolean {
  if ((VARIABLES as readonly string[]).includes(name)) return true;
  return VARIABLE_FAMILIES.some((family) => name.startsWith(family) && name.length > family.length);
}

/** With the values of `set` in the places of their variables. */
export function withSets(text: string, scope: Scope, most = MOST_SUBSTITUTIONS): string {
  if (most === 0) return text;
  let isChanged = false;
  const replaced = text.replace(REFERENCE, (reference, braced?: string, plain?: string) => {
    const value = scope.variable(braced ?? plain ?? '');
    if (value === null) return reference;
    isChanged = true;
    return value;
  });
  return isChanged ? withSets(replaced, scope, most - 1) : replaced;
}
