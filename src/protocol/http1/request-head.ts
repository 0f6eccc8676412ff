import { HttpError, quoted } from './errors.ts';
import type { FieldBlock } from './field-block.ts';
import type { FieldFacts } from './field-facts.ts';
import type { HttpLimits } from './limits.ts';
import type { RequestLine } from './request-line.ts';

export interface RequestHead {
  readonly method: string;
  /** Exactly as received. */
  readonly target: string;
  /** The target's path, still percent-encoded; `*` for the asterisk-form. */
  readonly path: string;
  /** The target's query without the question mark; empty if there is none. */
  readonly query: string;
  readonly protocol: 'HTTP/1.0' | 'HTTP/1.1' | 'HTTP/2.0';
  /** Of HTTP/1; 1 in HTTP/2. */
  readonly minor: 0 | 1;
  readonly fields: FieldBlock;
  /**
   * Whom the client wants to talk to: the authority of an absolute-form target, else the Host field. Where the two differ the field in
   * `fields` is to be ignored (RFC 9112 3.2.2). Null only in HTTP/1.0.
   */
  readonly authority: string | null;
  /** 0: no body; -1: chunked, or in HTTP/2 not told; otherwise the Content-Length. */
  readonly bodyLength: number;
  readonly keepAlive: boolean;
  /** The client waits for `100 Continue` before it sends its body. */
  readonly expectsContinue: boolean;
  /** Where the path has been changed since: what the client has asked for. */
  readonly original?: RequestHead;
}

export const CHUNKED = -1;

export function requestHead(
  line: RequestLine,
  fields: FieldBlock,
  facts: FieldFacts,
  limits: HttpLimits,
): RequestHead | HttpError {
  const isHttp10 = line.minor === 0;
  // RFC 9112 3.2: MUST be refused, also with an absolute-form target.
  if (facts.host === null && !isHttp10) return new HttpError('missing_host');
  // RFC 9112 6.1: a 1.0 client, or a 1.0 proxy before it, does not know the coding, so it framed the message otherwise.
  if (facts.isChunked && isHttp10) return new HttpError('transfer_encoding_in_1_0');
  const bodyLength = facts.isChunked ? CHUNKED : (facts.contentLength ?? 0);
  if (bodyLength > limits.maxBodyBytes) {
    return new HttpError(
      'body_too_large',
      `Content-Length ${bodyLength}, at most ${limits.maxBodyBytes} are taken`,
    );
  }
  // RFC 9110 10.1.1: an expectation in a 1.0 request is ignored.
  const expectation = isHttp10 ? null : facts.expectation;
  if (expectation !== null && expectation !== '100-continue') {
    return new HttpError('unknown_expectation', quoted(expectation));
  }
  return {
    method: line.method,
    target: line.target,
    path: line.path,
    query: line.query,
    protocol: isHttp10 ? 'HTTP/1.0' : 'HTTP/1.1',
    minor: line.minor,
    fields,
    authority: line.authority ?? facts.host,
    bodyLength,
    // RFC 9112 9.3; "close" wins over "keep-alive".
    keepAlive: !facts.saysClose && (!isHttp10 || facts.saysKeepAlive),
    expectsContinue: expectation !== null && bodyLength !== 0,
  };
}
