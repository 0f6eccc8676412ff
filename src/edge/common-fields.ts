import { RESPONSE_FLAG } from '../protocol/lane/frames.ts';

const SERVER = 'Server: kirin\r\n';

let date = '';
let both = '';
let freshUntilMs = 0;

/** Date and Server, as far as `flags` say that the response lacks them. The date is made once a second. */
export function commonFields(flags: number, nowMs: number): string {
  if (nowMs >= freshUntilMs) {
    const wall = Date.now();
    date = `Date: ${new Date(wall).toUTCString()}\r\n`;
    both = SERVER + date;
    freshUntilMs = nowMs + 1000 - (wall % 1000);
  }
  const had = flags & (RESPONSE_FLAG.date | RESPONSE_FLAG.server);
  if (had === 0) return both;
  if (had === RESPONSE_FLAG.server) return date;
  return had === RESPONSE_FLAG.date ? SERVER : '';
}
