import { REASON_PHRASES } from '../protocol/http1/errors.ts';

/** What Kirin itself answers: the status in words and, if there is one, the reason. */
export function refusalPage(
  status: number,
  reason: string,
  extraFields: string,
): { readonly head: string; readonly body: string } {
  const phrase = REASON_PHRASES[status] ?? 'Error';
  const detail = reason === '' ? '' : `${reason}\n`;
  const body = `${status} ${phrase}\n${detail}`;
  const head = `${status} ${phrase}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: ${body.length}\r\n${extraFields}`;
  return { head, body };
}
