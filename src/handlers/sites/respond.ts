import { REASON_PHRASES } from '../../protocol/http1/errors.ts';
import { RESPONSE_FLAG } from '../../protocol/lane/frames.ts';
import type { Handler } from '../exchange.ts';

interface Answer {
  readonly status: number;
  readonly body: string;
  readonly type: string;
}

/** Answers every request alike. */
export function respond({ status, body, type }: Answer): Handler {
  if (body === '' && status >= 400) return { handle: (exchange) => exchange.refuse(status) };
  const bytes = Buffer.from(body, 'utf8').toString('latin1');
  const phrase = REASON_PHRASES[status] ?? '';
  const head = `${status} ${phrase}\r\nContent-Type: ${type}\r\nContent-Length: ${bytes.length}\r\n`;
  return { handle: (exchange) => exchange.respond(head, RESPONSE_FLAG.length, bytes) };
}
