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
  // It has no content, and says nothing of one (RFC 9110 15.3.5).
  if (status === 204) {
    const noContent = `204 ${REASON_PHRASES[204]}\r\n`;
    return { handle: (exchange) => exchange.respond(noContent, 0, '') };
  }
  const bytes = Buffer.from(body, 'utf8').toString('latin1');
  const phrase = REASON_PHRASES[status] ?? '';
  const head = `${status} ${phrase}\r\nContent-Type: ${type}\r\nContent-Length: ${bytes.length}\r\n`;
  return { handle: (exchange) => exchange.respond(head, RESPONSE_FLAG.length, bytes) };
}
