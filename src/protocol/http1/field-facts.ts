// What the fields of a head say about the message: its host, its end, and what becomes of the connection. Where two readers could disagree
// about the end, the second would find a request that the first never saw (request smuggling, RFC 9112 11.2); so nothing is guessed.

import { isAuthority } from './authority.ts';
import { HttpError, quoted } from './errors.ts';
import type { FieldBlock } from './field-block.ts';

/** Depends on nothing but the block, so that it is kept as long as the block. */
export interface FieldFacts {
  readonly host: string | null;
  /** Null: no Content-Length. */
  readonly contentLength: number | null;
  /** There is a Transfer-Encoding, and it is `chunked`. */
  readonly isChunked: boolean;
  readonly saysClose: boolean;
  readonly saysKeepAlive: boolean;
  /** Lower case; null: no Expect. */
  readonly expectation: string | null;
}

export function factsOf(block: FieldBlock): FieldFacts | HttpError {
  const { names, values } = block;
  let host: string | null = null;
  let contentType: string | null = null;
  let contentLength: string | null = null;
  let transferEncoding: string | null = null;
  let connection: string | null = null;
  let expectation: string | null = null;
  for (let i = 0; i < names.length; i++) {
    const value = values[i] as string;
    switch (names[i]) {
      case 'host':
        // RFC 9112 3.2: MUST be refused; a router that takes the first and an application that takes the last see two sites.
        if (host !== null) return new HttpError('duplicate_host', quoted(value));
        host = value;
        break;
      case 'content-length':
        // RFC 9110 8.6 lets equal ones be merged. Nobody honest sends them, and not every peer merges.
        if (contentLength !== null) return new HttpError('duplicate_content_length', quoted(value));
        contentLength = value;
        break;
      case 'transfer-encoding':
        transferEncoding = joined(transferEncoding, value);
        break;
      case 'content-type':
        // One reader takes the first, another the last or both joined: a way past filters that look at the type.
        if (contentType !== null) return new HttpError('duplicate_content_type', quoted(value));
        contentType = value;
        break;
      case 'connection':
        connection = joined(connection, value);
        break;
      case 'expect':
        expectation = joined(expectation, value.toLowerCase());
        break;
    }
  }
  if (host !== null && !isAuthority(host)) return new HttpError('bad_host', quoted(host));
  // RFC 9112 6.3: "ought to be handled as an error"; it is the classic of smuggling.
  if (contentLength !== null && transferEncoding !== null) return new HttpError('conflicting_framing');
  const codingError = transferEncoding === null ? null : checkTransferEncoding(transferEncoding);
  if (codingError !== null) return codingError;
  const byteCount = contentLength === null ? null : parseContentLength(contentLength);
  if (byteCount instanceof HttpError) return byteCount;
  return {
    host,
    contentLength: byteCount,
    isChunked: transferEncoding !== null,
    saysClose: connection !== null && CLOSE_OPTION.test(connection),
    saysKeepAlive: connection !== null && KEEP_ALIVE_OPTION.test(connection),
    expectation,
  };
}

/** RFC 9110 5.2: field lines of one name are one list. */
function joined(before: string | null, value: string): string {
  return before === null ? value : `${before},${value}`;
}

/** RFC 9110 7.6.1: options are compared without regard to case. A list may be long, and each pattern looks at a blank only once. */
const CLOSE_OPTION = /(?:^|,)[\t ]*close[\t ]*(?:,|$)/i;
const KEEP_ALIVE_OPTION = /(?:^|,)[\t ]*keep-alive[\t ]*(?:,|$)/i;

/** Only `chunked`, once: no other coding is implemented, and twice chunked is for RFC 9112 7.1 an error. */
function checkTransferEncoding(value: string): HttpError | null {
  if (value.toLowerCase() === 'chunked') return null;
  const codings = value.toLowerCase().split(/[\t ,]+/);
  const isOfChunkedOnly = codings.every((coding) => coding === 'chunked' || coding === '');
  return new HttpError(
    isOfChunkedOnly ? 'bad_transfer_encoding' : 'unsupported_transfer_encoding',
    quoted(value),
  );
}

const SAFE_INTEGER_DIGITS = 15;

/** Digits only: "+5", "0x5", "5, 5" and "5 " with a vertical tab are numbers to somebody's string-to-integer function. */
function parseContentLength(value: string): number | HttpError {
  if (!/^[0-9]+$/.test(value)) return new HttpError('bad_content_length', quoted(value));
  if (value.length > SAFE_INTEGER_DIGITS)
    return new HttpError('body_too_large', `Content-Length ${quoted(value)}`);
  return Number(value);
}
