// From the fields of a HEADERS frame to the same head that a request of HTTP/1 has, by the same rules. Whoever decodes the frames has refused
// what RFC 9113 calls malformed; what is checked here a second time is what another decoder might let through.

import { isAuthority } from '../http1/authority.ts';
import { HttpError, quoted } from '../http1/errors.ts';
import { FieldBlock } from '../http1/field-block.ts';
import { type FieldFacts, factsOf } from '../http1/field-facts.ts';
import { fieldName } from '../http1/field-name.ts';
import type { Leniency } from '../http1/leniency.ts';
import type { HttpLimits } from '../http1/limits.ts';
import { CHUNKED, type RequestHead } from '../http1/request-head.ts';
import { requestLineOf } from '../http1/request-line.ts';

/** RFC 9113 8.2.2. */
const CONNECTION_FIELDS = new Set([
  'connection',
  'http2-settings',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
]);

/** All but HT. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const CONTROL_CHARACTER = /[\x00-\x08\x0a-\x1f\x7f]/;

/** Reads the heads of one connection: a client that repeats its fields gets the same block, and what was derived from it. */
export class HeadReader {
  #block: FieldBlock | null = null;
  #facts: FieldFacts | null = null;

  /**
   * `raw`: names and values in turn, as they came, values as latin-1.
   * `isEnd`: no body follows.
   * `limits`: effective ones.
   */
  read(
    raw: readonly string[],
    isEnd: boolean,
    limits: HttpLimits,
    leniency: Leniency | null,
  ): RequestHead | HttpError {
    const gathered = gather(raw, limits);
    if (gathered instanceof HttpError) return gathered;
    const { method, target, authority, names, values } = gathered;
    if (target.length > limits.maxRequestLineBytes) {
      return new HttpError(
        'request_line_too_long',
        `the path has more than ${limits.maxRequestLineBytes} bytes`,
      );
    }
    const line = requestLineOf(method, target, leniency);
    if (line instanceof HttpError) return line;
    const facts = this.#factsOf(names, values);
    if (facts instanceof HttpError) return facts;
    const bodyLength = bodyLengthOf(facts, isEnd, limits);
    if (bodyLength instanceof HttpError) return bodyLength;
    if (facts.expectation !== null && facts.expectation !== '100-continue') {
      return new HttpError('unknown_expectation', quoted(facts.expectation));
    }
    return {
      method: line.method,
      target,
      path: line.path,
      query: line.query,
      protocol: 'HTTP/2.0',
      minor: 1,
      fields: this.#block as FieldBlock,
      authority,
      bodyLength,
      keepAlive: true,
      expectsContinue: facts.expectation !== null && !isEnd,
    };
  }

  #factsOf(names: readonly string[], values: readonly string[]): FieldFacts | HttpError {
    if (this.#facts !== null && this.#block !== null && isSame(this.#block, names, values))
      return this.#facts;
    const block = new FieldBlock(names, values);
    const facts = factsOf(block);
    if (facts instanceof HttpError) return facts;
    this.#block = block;
    this.#facts = facts;
    return facts;
  }
}

interface Gathered {
  readonly method: string;
  readonly target: string;
  readonly authority: string;
  /** With Host, whichever way it came. */
  readonly names: readonly string[];
  readonly values: readonly string[];
}

function gather(raw: readonly string[], limits: HttpLimits): Gathered | HttpError {
  let method = '';
  let target = '';
  let authority: string | null = null;
  let host: string | null = null;
  let cookieAt = -1;
  const names: string[] = [];
  const values: string[] = [];
  for (let index = 0; index < raw.length; index += 2) {
    const sent = raw[index] as string;
    const value = raw[index + 1] as string;
    if (sent.startsWith(':')) {
      if (sent === ':method') method = value;
      else if (sent === ':path') target = value;
      else if (sent === ':authority') authority = value;
      continue;
    }
    const name = fieldName(sent);
    if (name === null) return new HttpError('bad_field_name', quoted(sent));
    if (CONNECTION_FIELDS.has(name) || (name === 'te' && value.toLowerCase() !== 'trailers')) {
      return new HttpError('connection_field', quoted(name));
    }
    if (CONTROL_CHARACTER.test(value)) return new HttpError('bad_field_value', quoted(name));
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
  // RFC 9113 8.3.1: they are one thing, and whoever takes the other one sees another site.
  if (host !== null && authority !== null && host.toLowerCase() !== authority.toLowerCase()) {
    return new HttpError('conflicting_authority', `${quoted(host)}, ${quoted(authority)}`);
  }
  const whom = authority ?? host;
  if (whom === null) return new HttpError('missing_authority');
  if (!isAuthority(whom)) return new HttpError('bad_host', quoted(whom));
  names.push('host');
  values.push(whom);
  return checkSizes(names, values, limits) ?? { method, target, authority: whom, names, values };
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

function isSame(block: FieldBlock, names: readonly string[], values: readonly string[]): boolean {
  if (block.names.length !== names.length) return false;
  for (let index = 0; index < names.length; index++) {
    if (block.names[index] !== names[index] || block.values[index] !== values[index]) return false;
  }
  return true;
}
