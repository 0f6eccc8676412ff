import { HttpError, quoted } from './errors.ts';
import { fieldName } from './field-name.ts';
import type { HttpLimits } from './limits.ts';

/** The fields of one head, or of one trailer section, in the order in which they came. */
export class FieldBlock {
  /** In lower case. */
  readonly names: readonly string[];
  /** As latin-1, without the whitespace around them. */
  readonly values: readonly string[];
  /**
   * For the consumer: what it derives from this block. A client that repeats its fields on a connection gets the same block object each
   * time, so this is a cache that needs no key.
   */
  memo: unknown = undefined;

  constructor(names: readonly string[], values: readonly string[]) {
    this.names = names;
    this.values = values;
  }

  /** The first value of this field. @param name in lower case */
  get(name: string): string | undefined {
    const index = this.names.indexOf(name);
    return index === -1 ? undefined : this.values[index];
  }

  /** All of its lines, which are one list (RFC 9110 5.2). @param name in lower case */
  list(name: string, separator = ', '): string | undefined {
    const { names, values } = this;
    const index = names.indexOf(name);
    if (index === -1) return undefined;
    if (names.indexOf(name, index + 1) === -1) return values[index];
    return values.filter((value, at) => names[at] === name && value !== '').join(separator);
  }
}

const HT = 0x09;
const SP = 0x20;
/** All but HT. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const CONTROL_CHARACTER = /[\x00-\x08\x0a-\x1f\x7f]/;

/** Appends one line to `names` and `values`. @param line without its CRLF, and without control characters other than HT */
export function parseFieldLine(line: string, names: string[], values: string[]): HttpError | null {
  // RFC 9112 5.2 lets a server refuse obsolete line folding; peers unfold it differently, so it is refused.
  if (isBlank(line.charCodeAt(0))) return new HttpError('obsolete_folding', quoted(line));
  const colon = line.indexOf(':');
  if (colon === -1) return new HttpError('field_without_colon', quoted(line));
  const sent = line.slice(0, colon);
  // RFC 9112 5.1: MUST be refused; "Transfer-Encoding : chunked" is seen by some parsers and not by others.
  if (isBlank(sent.charCodeAt(colon - 1))) return new HttpError('space_before_colon', quoted(sent));
  const name = fieldName(sent);
  if (name === null) return new HttpError('bad_field_name', quoted(sent));
  names.push(name);
  values.push(trimmed(line, colon + 1, line.length));
  return null;
}

/**
 * All lines of a block in one pass: the fast way. Null means that something about it is not plain, and that it has to be read line by
 * line to learn what.
 *
 * @param text every line with its CRLF
 */
export function parseFieldBlock(text: string, limits: HttpLimits): FieldBlock | null {
  const names: string[] = [];
  const values: string[] = [];
  let lineStart = 0;
  while (lineStart < text.length) {
    const colon = text.indexOf(':', lineStart);
    if (colon === -1) return null;
    const name = fieldName(text.slice(lineStart, colon));
    if (name === null) return null;
    const lineEnd = text.indexOf('\r\n', colon);
    const value = trimmed(text, colon + 1, lineEnd);
    if (CONTROL_CHARACTER.test(value)) return null;
    names.push(name);
    values.push(value);
    if (lineEnd + 2 - lineStart > limits.maxFieldBytes) return null;
    lineStart = lineEnd + 2;
  }
  return names.length > limits.maxFields ? null : new FieldBlock(names, values);
}

/** `text` from `start` to `end` without the blanks around it (RFC 9110 5.5). */
export function trimmed(text: string, start: number, end: number): string {
  let first = start;
  let afterLast = end;
  while (first < afterLast && isBlank(text.charCodeAt(first))) first++;
  while (first < afterLast && isBlank(text.charCodeAt(afterLast - 1))) afterLast--;
  return text.slice(first, afterLast);
}

export function isBlank(code: number): boolean {
  return code === SP || code === HT;
}
