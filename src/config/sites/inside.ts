// Where requests go inside of Kirin: `@NAME`, or a path with $variables.

import type { InsideTarget } from '../../protocol/supervision/site.ts';
import { ValueProblem } from '../setting.ts';
import { template } from './template.ts';

const NAME = /^[\w.-]+$/;

/** null: neither. */
export function insideTarget(value: string): InsideTarget | null {
  if (value.startsWith('@')) return `@${routeName(value.slice(1))}`;
  if (!value.startsWith('/')) return null;
  template(value);
  return value as InsideTarget;
}

export function routeName(name: string): string {
  if (NAME.test(name)) return name;
  throw new ValueProblem(`'${name}' is no name of a route; give one of letters, digits, _, . and -`);
}
