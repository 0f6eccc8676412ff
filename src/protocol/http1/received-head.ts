// The head of a response that another server has sent (RFC 9112 4). What is said about requests in field-facts.ts holds here, too: where two
// readers could disagree about the end of a message, the next client would get what was never meant for it.

import { HttpError, quoted } from './errors.ts';
import type { FieldBlock } from './field-block.ts';

/** Of `bodyLength`: chunked, or all that comes until the connection ends. */
export const UNTIL_CLOSE = -2;

export interface ReceivedHead {
  readonly status: number;
  /** May be empty. */
  readonly reason: string;
  readonly minor: 0 | 1;
  readonly fields: FieldBlock;
  /** The fields' names, as they were sent. */
  readonly sentNames: readonly string[];
  /** What the fields say; of a response to HEAD that is not what follows. null: there is no Content-Length. */
  readonly contentLength: number | null;
  /** What follows: 0: nothing; CHUNKED; UNTIL_CLOSE; else the Content-Length. */
  readonly bodyLength: number;
  /** What the sender says; a body until the end of the connection has its own opinion. */
  readonly keepAlive: boolean;
}

export interface StatusLine {
  readonly status: number;
  readonly reason: string;
  readonly minor: 0 | 1;
}

/** The last space is missing in many a server's, where there is no reason phrase. */
const STATUS_LINE = /^HTTP\/1\.([01]) ([1-5][0-9]{2})(?: ([\t -~\x80-\xff]*))?$/;

/** @param line without its CRLF */
export function parseStatusLine(line: string): StatusLine | HttpError {
  const [, minor, status, reason = ''] = STATUS_LINE.exec(line) ?? [];
  if (status === undefined) return new HttpError('bad_status_line', quoted(line));
  return { status: Number(status), reason, minor: minor === '1' ? 1 : 0 };
}

/** What the fields say about the message's end. */
export interface Framing {
  readonly contentLength: number | null;
  readonly isChunked: boolean;
  readonly connection: string | null;
}

export function framingOf({ names, values }: FieldBlock, minor: 0 | 1): Framing | HttpError {
  let contentLength: string | null = null;
  let transferEncoding: string | null = null;
  let connection: string | null = null;
  for (let i = 0; i < names.length; i++) {
    const value = values[i] as string;
    switch (names[i]) {
      case 'content-length':
        if (contentLength !== null) return new HttpError('duplicate_content_length', quoted(value));
        contentLength = value;
        break;
      case 'transfer-encoding':
        transferEncoding = transferEncoding === null ? value : `${transferEncoding},${value}`;
        break;
      case 'connection':
        connection = connection === null ? value : `${connection},${value}`;
        break;
    }
  }
  if (transferEncoding !== null) {
    if (contentLength !== null) return new HttpError('conflicting_framing');
    // RFC 9112 6.1: whoever put it there did not understand it.
    if (minor === 0) return new HttpError('transfer_encoding_in_1_0');
    if (transferEncoding.toLowerCase() !== 'chunked') {
      return new HttpError('unsupported_transfer_encoding', quoted(transferEncoding));
    }
  }
  if (contentLength !== null && !CONTENT_LENGTH.test(contentLength)) {
    return new HttpError('bad_content_length', quoted(contentLength));
  }
  return {
    contentLength: contentLength === null ? null : Number(contentLength),
    isChunked: transferEncoding !== null,
    connection,
  };
}

/** Digits that are safe in a number. */
const CONTENT_LENGTH = /^[0-9]{1,15}$/;

/** Whether a field such as Connection names this option. @param option in lower case */
export function hasOption(list: string | null, option: string): boolean {
  if (list === null) return false;
  const lower = list.toLowerCase();
  return lower === option || lower.split(',').some((each) => each.trim() === option);
}
