// Responses as bytes (RFC 9112). A head comes as the text of status line and fields (`200 OK\r\nName: value\r\n…`), with the
// flags that say what is among them, so that nothing has to be parsed or validated a second time.

import { RESPONSE_FLAG } from '../lane/frames.ts';

/** What the request says about how its response is framed. */
export interface ResponseContext {
  readonly minor: 0 | 1;
  readonly isHead: boolean;
  /** The connection may be used again after this response. */
  readonly keepAlive: boolean;
  /** Fields that the server adds: Date and Server, each with its CRLF, as far as the head lacks them. */
  readonly commonFields: string;
}

export const LAST_CHUNK = '0\r\n\r\n';
export const CONTINUE = 'HTTP/1.1 100 Continue\r\n\r\n';

/** RFC 8297. @param fields each with its CRLF */
export function earlyHints(fields: string): string {
  return `HTTP/1.1 103 Early Hints\r\n${fields}\r\n`;
}

export function statusOf(head: string): number {
  return (head.charCodeAt(0) - 48) * 100 + (head.charCodeAt(1) - 48) * 10 + head.charCodeAt(2) - 48;
}

/** RFC 9112 6.3: these end with the head, whatever their fields say. */
export function isBodiless(status: number): boolean {
  return status === 204 || status === 304 || status < 200;
}

/** A head whose body of `bodyBytes` bytes is known. */
export function sizedHead(head: string, flags: number, bodyBytes: number, context: ResponseContext): string {
  const addsLength =
    (flags & RESPONSE_FLAG.length) === 0 &&
    !isBodiless(statusOf(head)) &&
    !(context.isHead && bodyBytes === 0);
  const length = addsLength ? `Content-Length: ${bodyBytes}\r\n` : '';
  return `HTTP/1.1 ${head}${length}${context.commonFields}${connectionField(context)}\r\n`;
}

export type BodyFraming = 'sized' | 'chunked' | 'until-close';

/** How a body of unknown length is framed, and whether the connection can be used again. */
export function framingFor(flags: number, context: ResponseContext, status: number): BodyFraming {
  if ((flags & RESPONSE_FLAG.length) !== 0 || isBodiless(status) || context.isHead) return 'sized';
  return context.minor === 1 ? 'chunked' : 'until-close';
}

/** A head whose body follows in pieces. With the framing `until-close`, `keepAlive` must be false. */
export function streamedHead(head: string, framing: BodyFraming, context: ResponseContext): string {
  const coding = framing === 'chunked' ? 'Transfer-Encoding: chunked\r\n' : '';
  return `HTTP/1.1 ${head}${coding}${context.commonFields}${connectionField(context)}\r\n`;
}

export function chunkStart(bytes: number): string {
  return `${bytes.toString(16)}\r\n`;
}

/** RFC 9112 9.3: persistence is the default of 1.1, and must be said to a client of 1.0. */
function connectionField(context: ResponseContext): string {
  if (!context.keepAlive) return 'Connection: close\r\n';
  return context.minor === 1 ? '' : 'Connection: keep-alive\r\n';
}
