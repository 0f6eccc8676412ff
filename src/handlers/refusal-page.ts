import { REASON_PHRASES } from '../protocol/http1/errors.ts';
import { ResponseHead } from '../protocol/http1/response-head.ts';
import { RESPONSE_FLAG } from '../protocol/lane/frames.ts';
import type { HeadEdit } from './exchange.ts';

/** What Kirin itself answers: the status in words and, if there is one, the reason. */
export function refusalPage(
  status: number,
  reason: string,
  extraFields: string,
  edit: HeadEdit | null,
): { readonly head: ResponseHead; readonly body: string } {
  const phrase = REASON_PHRASES[status] ?? 'Error';
  const detail = reason === '' ? '' : `${reason}\n`;
  const body = `${status} ${phrase}\n${detail}`;
  const text = `${status} ${phrase}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: ${body.length}\r\n${extraFields}`;
  const head = new ResponseHead(text, RESPONSE_FLAG.length);
  edit?.(head);
  return { head, body };
}
