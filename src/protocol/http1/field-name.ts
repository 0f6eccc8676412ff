import { detached } from './latin1.ts';

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

const WELL_KNOWN = [
  'Accept',
  'Accept-Charset',
  'Accept-Encoding',
  'Accept-Language',
  'Access-Control-Request-Headers',
  'Access-Control-Request-Method',
  'Authorization',
  'Cache-Control',
  'CF-Connecting-IP',
  'Connection',
  'Content-Encoding',
  'Content-Length',
  'Content-Type',
  'Cookie',
  'Date',
  'DNT',
  'Expect',
  'Forwarded',
  'Host',
  'If-Match',
  'If-Modified-Since',
  'If-None-Match',
  'If-Range',
  'If-Unmodified-Since',
  'Keep-Alive',
  'Origin',
  'Pragma',
  'Priority',
  'Range',
  'Referer',
  'Sec-CH-UA',
  'Sec-CH-UA-Mobile',
  'Sec-CH-UA-Platform',
  'Sec-Fetch-Dest',
  'Sec-Fetch-Mode',
  'Sec-Fetch-Site',
  'Sec-Fetch-User',
  'Sec-GPC',
  'TE',
  'Traceparent',
  'Tracestate',
  'Trailer',
  'Transfer-Encoding',
  'Upgrade',
  'Upgrade-Insecure-Requests',
  'User-Agent',
  'Via',
  'X-Amzn-Trace-Id',
  'X-CSRFToken',
  'X-Forwarded-For',
  'X-Forwarded-Host',
  'X-Forwarded-Port',
  'X-Forwarded-Proto',
  'X-Real-IP',
  'X-Request-ID',
  'X-Requested-With',
];

const LEARNT_NAMES = 512;
const LEARNT_NAME_LENGTH = 64;

const wellKnown = new Map(
  WELL_KNOWN.flatMap((name) => [
    [name, name.toLowerCase()],
    [name.toLowerCase(), name.toLowerCase()],
  ]),
);
let learnt = new Map<string, string>();

/** The lower-case form of a field name as it was sent, or null when it is not a token (RFC 9110 5.1). */
export function fieldName(sent: string): string | null {
  return wellKnown.get(sent) ?? learnt.get(sent) ?? learn(sent);
}

function learn(sent: string): string | null {
  if (!TOKEN.test(sent)) return null;
  const lower = sent.toLowerCase();
  if (sent.length > LEARNT_NAME_LENGTH) return lower;
  // Whoever sends ever new names only makes the cache start again.
  if (learnt.size >= LEARNT_NAMES) learnt = new Map();
  // A copy, for a slice would keep the whole head that it was cut from.
  learnt.set(detached(sent), detached(lower));
  return lower;
}
