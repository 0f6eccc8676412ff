// From the fields of a HEADERS frame to the same head that a request of HTTP/1 has, by the same rules.

import { isAuthority } from '../http1/authority.ts';
import { HttpError, type HttpErrorCode, quoted } from '../http1/errors.ts';
import { FieldBlock } from '../http1/field-block.ts';
import { type FieldFacts, factsOf } from '../http1/field-facts.ts';
import { fieldName } from '../http1/field-name.ts';
import type { Leniency } from '../http1/leniency.ts';
import type { HttpLimits } from '../http1/limits.ts';
import { CHUNKED, type RequestHead } from '../http1/request-head.ts';
import { type RequestLine, requestLineOf } from '../http1/request-line.ts';

/** RFC 9113 8.2.2. */
const CONNECTION_FIELDS = new Set([
  'connection',
  'http2-settings',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
]);

/** RFC 9113 8.3.1. */
const PSEUDO_FIELDS = new Set([':method', ':scheme', ':path', ':authority']);

/** All but HT. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const CONTROL_CHARACTER = /[\x00-\x08\x0a-\x1f\x7f]/;
const OUTER_BLANK = /^[ \t]|[ \t]$/;

/** RFC 9113 8.1.1: no request at all. Its stream is reset, and the log alone is told why. */
export interface Malformed {
  readonly malformed: HttpError;
}

/** Reads the heads of one connection: a client that repeats its fields gets the same block, and what was derived from it. */
export class HeadReader {
  readonly #limits: HttpLimits;
  readonly #leniency: Leniency | null;
  /** The last one that could be read, as it came and what it said. */
  #raw: readonly string[] = [];
  #line: RequestLine | null = null;
  #block: FieldBlock | null = null;
  #facts: FieldFacts | null = null;
  #authority = '';

  /** `limits`: effective ones. */
  constructor(limits: HttpLimits, leniency: Leniency | null) {
    this.#limits = limits;
    this.#leniency = leniency;
  }

  /**
   * `raw`: names and values in turn, as they came, values as latin-1.
   * `isEnd`: no body follows.
   */
  read(raw: readonly string[], isEnd: boolean): RequestHead | HttpError | Malformed {
    const changed = this.#block === null ? ANYTHING : changeFrom(this.#raw, raw);
    if (changed === ANYTHING) {
      const problem = this.#readAll(raw);
      if (problem !== null) return problem;
    } else if (changed !== NOTHING) {
      const line = this.#lineOf((this.#line as RequestLine).method, raw[changed] as string);
      if (line instanceof HttpError) return line;
      this.#line = line;
    }
    this.#raw = raw;
    return this.#head(isEnd);
  }

  #readAll(raw: readonly string[]): HttpError | Malformed | null {
    this.#block = null;
    const gathered = gather(raw);
    if (gathered instanceof HttpError || 'malformed' in gathered) return gathered;
    const { method, target, authority, names, values } = gathered;
    const sizes = checkSizes(names, values, this.#limits);
    if (sizes !== null) return sizes;
    const line = this.#lineOf(method, target);
    if (line instanceof HttpError) return line;
    const block = new FieldBlock(names, values);
    const facts = factsOf(block);
    if (facts instanceof HttpError) return facts;
    this.#line = line;
    this.#block = block;
    this.#facts = facts;
    this.#authority = authority;
    return null;
  }

  #lineOf(method: string, target: string): RequestLine | HttpError {
    const { maxRequestLineBytes } = this.#limits;
    return target.length > maxRequestLineBytes
      ? new HttpError('request_line_too_long', `the path has more than ${maxRequestLineBytes} bytes`)
      : requestLineOf(method, target, this.#leniency);
  }

  #head(isEnd: boolean): RequestHead | HttpError {
    const line = this.#line as RequestLine;
    const facts = this.#facts as FieldFacts;
    const bodyLength = bodyLengthOf(facts, isEnd, this.#limits);
    if (bodyLength instanceof HttpError) return bodyLength;
    if (facts.expectation !== null && facts.expectation !== '100-continue') {
      return new HttpError('unknown_expectation', quoted(facts.expectation));
    }
    return {
      method: line.method,
      target: line.target,
      path: line.path,
      query: line.query,
      protocol: 'HTTP/2.0',
      minor: 1,
      fields: this.#block as FieldBlock,
      authority: this.#authority,
      bodyLength,
      keepAlive: true,
      expectsContinue: facts.expectation !== null && !isEnd,
    };
  }
}

const NOTHING = -1;
const ANYTHING = -2;

/** Where the value of `:path` is, if nothing else has changed: clients repeat all the rest, and HPACK gives the same strings for it. */
function changeFrom(before: readonly string[], raw: readonly string[]): number {
  if (before === raw) return NOTHING;
  if (before.length !== raw.length) return ANYTHING;
  let changed = NOTHING;
  for (let index = 0; index < raw.length; index++) {
    if (raw[index] === before[index]) continue;
    if (changed !== NOTHING || index % 2 === 0 || raw[index - 1] !== ':path') return ANYTHING;
    changed = index;
  }
  return changed;
}

interface Gathered {
  readonly method: string;
  readonly target: string;
  readonly authority: string;
  /** With Host, whichever way it came. */
  readonly names: readonly string[];
  readonly values: readonly string[];
}

function gather(raw: readonly string[]): Gathered | HttpError | Malformed {
  const pseudo = new Map<string, string>();
  let host: string | null = null;
  let cookieAt = -1;
  const names: string[] = [];
  const values: string[] = [];
  for (let index = 0; index < raw.length; index += 2) {
    const sent = raw[index] as string;
    const value = raw[index + 1] as string;
    if (sent.startsWith(':')) {
      // RFC 9113 8.3: only those that there are, each once, before all fields.
      if (!PSEUDO_FIELDS.has(sent) || pseudo.has(sent) || names.length > 0 || host !== null)
        return malformed('bad_pseudo_field', sent);
      pseudo.set(sent, value);
      continue;
    }
    const name = fieldName(sent);
    // RFC 9113 8.2.1: lower case, and no blanks around the value.
    if (name === null || name !== sent) return malformed('bad_field_name', sent);
    if (CONTROL_CHARACTER.test(value) || OUTER_BLANK.test(value)) return malformed('bad_field_value', name);
    if (CONNECTION_FIELDS.has(name) || (name === 'te' && value.toLowerCase() !== 'trailers')) {
      return malformed('connection_field', name);
    }
    if (name === 'host') {
      if (host !== null) return new HttpError('duplicate_host', quoted(value));
      host = value;
    } else if (name === 'cookie' && cookieAt >= 0) {
      // RFC 9113 8.2.3: clients send them apart, so that each can be compressed by itself.
      values[cookieAt] += `; ${value}`;
    } else {
      if (name === 'cookie') cookieAt = names.length;
      names.push(name);
      values.push(value);
    }
  }
  const method = pseudo.get(':method');
  const target = pseudo.get(':path') ?? '';
  const authority = pseudo.get(':authority') ?? null;
  if (method === undefined) return malformed('missing_pseudo_field', ':method');
  // RFC 9113 8.5: CONNECT has an authority alone, and is refused as in HTTP/1.
  if (method !== 'CONNECT') {
    if (target === '') return malformed('missing_pseudo_field', ':path');
    if (!pseudo.has(':scheme')) return malformed('missing_pseudo_field', ':scheme');
  }
  // RFC 9113 8.3.1: they are one thing, and whoever takes the other one sees another site.
  if (host !== null && authority !== null && host.toLowerCase() !== authority.toLowerCase()) {
    return new HttpError('conflicting_authority', `${quoted(host)}, ${quoted(authority)}`);
  }
  const whom = authority ?? host;
  if (whom === null) return new HttpError('missing_authority');
  if (!isAuthority(whom)) return new HttpError('bad_host', quoted(whom));
  names.push('host');
  values.push(whom);
  return { method, target, authority: whom, names, values };
}

function malformed(code: HttpErrorCode, name: string): Malformed {
  return { malformed: new HttpError(code, quoted(name)) };
}

function checkSizes(
  names: readonly string[],
  values: readonly string[],
  { maxFields, maxFieldBytes }: HttpLimits,
): HttpError | null {
  if (names.length > maxFields) return new HttpError('too_many_fields', `at most ${maxFields} are taken`);
  for (let index = 0; index < names.length; index++) {
    // As it would be in HTTP/1: with colon, space and CRLF.
    const bytes = (names[index] as string).length + (values[index] as string).length + 4;
    if (bytes > maxFieldBytes) {
      return new HttpError(
        'field_too_large',
        `${quoted(names[index] as string)} has more than ${maxFieldBytes} bytes`,
      );
    }
  }
  return null;
}

function bodyLengthOf(facts: FieldFacts, isEnd: boolean, limits: HttpLimits): number | HttpError {
  const { contentLength } = facts;
  if (contentLength !== null && contentLength > limits.maxBodyBytes) {
    return new HttpError(
      'body_too_large',
      `Content-Length ${contentLength}, at most ${limits.maxBodyBytes} are taken`,
    );
  }
  if (!isEnd) return contentLength ?? CHUNKED;
  return contentLength === null || contentLength === 0 ? 0 : new HttpError('body_length_differs');
}
