import { REASON_PHRASES } from '../../protocol/http1/errors.ts';
import { RESPONSE_FLAG } from '../../protocol/lane/frames.ts';
import type { Handler } from '../exchange.ts';
import { compileTemplate } from '../template.ts';

/** Answers with where to go: a template. */
export function redirect(to: string, status: number): Handler {
  const target = compileTemplate(to, encodeURI);
  return {
    handle: (exchange) => {
      const head = `${status} ${REASON_PHRASES[status]}\r\nLocation: ${target(exchange)}\r\nContent-Length: 0\r\n`;
      exchange.respond(head, RESPONSE_FLAG.length, '');
    },
  };
}
