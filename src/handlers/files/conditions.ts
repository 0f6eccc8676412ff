// RFC 9110 13: whether what a client has is still good, and 14.2: which part it wants.

import { type ByteRange, parseByteRanges } from '../../protocol/fields/byte-ranges.ts';
import { parseEntityTags, strongMatch, weakMatch } from '../../protocol/fields/entity-tags.ts';
import { parseHttpDate } from '../../protocol/fields/http-date.ts';
import type { FieldBlock } from '../../protocol/http1/field-block.ts';
import type { Representation } from './representation.ts';

/** The fields of a request that a file's answer depends on; undefined: the request has none. */
export interface Conditions {
  ifMatch?: string;
  ifNoneMatch?: string;
  ifModifiedSince?: string;
  ifUnmodifiedSince?: string;
  ifRange?: string;
  range?: string;
}

const KEY_OF_FIELD: Readonly<Record<string, keyof Conditions>> = {
  'if-match': 'ifMatch',
  'if-none-match': 'ifNoneMatch',
  'if-modified-since': 'ifModifiedSince',
  'if-unmodified-since': 'ifUnmodifiedSince',
  'if-range': 'ifRange',
  range: 'range',
};

const LOWER_I = 0x69;
const LOWER_R = 0x72;

/** Null: the whole file is wanted, whatever its state. Read for each request, so it looks at as little as it can. */
export function readConditions({ names, values }: FieldBlock): Conditions | null {
  let conditions: Conditions | null = null;
  for (let index = 0; index < names.length; index += 1) {
    const name = names[index] as string;
    const first = name.charCodeAt(0);
    if (first !== LOWER_I && first !== LOWER_R) continue;
    const key = KEY_OF_FIELD[name];
    if (key === undefined) continue;
    conditions ??= {};
    const before = conditions[key];
    const value = values[index] as string;
    // Two lines are one list (RFC 9110 5.3). Of two dates that makes no date, so they are ignored, as they must be.
    conditions[key] = before === undefined ? value : `${before}, ${value}`;
  }
  return conditions;
}

export type Verdict = 'whole' | 'not-modified' | 'failed' | 'unsatisfiable' | readonly ByteRange[];

/** In the order of RFC 9110 13.2.2. For GET and HEAD of a representation that is there. */
export function evaluate(
  conditions: Conditions,
  { entityTag, modifiedSeconds, size }: Pick<Representation, 'entityTag' | 'modifiedSeconds' | 'size'>,
  method: string,
  nowSeconds: number,
): Verdict {
  const dateOf = (text: string) => parseHttpDate(text, nowSeconds);
  const { ifMatch, ifUnmodifiedSince, ifNoneMatch, ifModifiedSince } = conditions;
  if (ifMatch !== undefined) {
    const tags = parseEntityTags(ifMatch);
    if (tags !== '*' && !tags?.some((tag) => strongMatch(tag, entityTag))) return 'failed';
  } else if (ifUnmodifiedSince !== undefined && modifiedSeconds !== null) {
    const date = dateOf(ifUnmodifiedSince);
    if (date !== null && modifiedSeconds > date) return 'failed';
  }
  if (ifNoneMatch !== undefined) {
    const tags = parseEntityTags(ifNoneMatch);
    if (tags === '*' || tags?.some((tag) => weakMatch(tag, entityTag))) return 'not-modified';
  } else if (ifModifiedSince !== undefined && modifiedSeconds !== null) {
    const date = dateOf(ifModifiedSince);
    if (date !== null && modifiedSeconds <= date) return 'not-modified';
  }
  const { range, ifRange } = conditions;
  // RFC 9110 14.2: with any other method the field is to be ignored.
  if (range === undefined || method !== 'GET') return 'whole';
  if (ifRange !== undefined && !isUnchanged(ifRange)) return 'whole';
  const ranges = parseByteRanges(range, size);
  if (ranges === null) return 'whole';
  return ranges.length === 0 ? 'unsatisfiable' : ranges;

  /** RFC 9110 13.1.5: a tag or a date, and either must be strong: a date is, once the second that it names is over. */
  function isUnchanged(validator: string): boolean {
    if (/^(?:W\/)?"/.test(validator)) return strongMatch(validator, entityTag);
    const date = dateOf(validator);
    return date !== null && date === modifiedSeconds && modifiedSeconds < nowSeconds - 1;
  }
}
