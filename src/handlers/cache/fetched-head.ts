import { ResponseHead } from '../../protocol/http1/response-head.ts';

const HOP_BY_HOP = [
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
];

/** What is between this server and whoever made it, or said to this server. */
export function clean(head: ResponseHead): void {
  const named = head.all('connection').join(',').split(',');
  for (const name of [...HOP_BY_HOP, ...named.map((each) => each.trim().toLowerCase()), 'x-accel-expires']) {
    if (name !== '') head.remove(name);
  }
}

/** Null: it is not known before the end. */
export function lengthOf(head: ResponseHead): number | null {
  const text = head.get('content-length');
  return text !== null && /^\d+$/.test(text) ? Number(text) : null;
}

export function withStatus(head: ResponseHead, status: number): ResponseHead {
  const whole = new ResponseHead(head.text, head.flags);
  whole.setStatus(status, '');
  return whole;
}
