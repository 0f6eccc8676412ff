import type { ResponseHead } from '../http1/response-head.ts';

/** RFC 9111 3.2: about the message, or about a content that has not changed. */
const KEPT = new Set([
  'connection',
  'content-encoding',
  'content-length',
  'content-range',
  'content-type',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authentication-info',
  'proxy-authorization',
  'proxy-connection',
  'set-cookie',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** The fields of a 304 take the place of those that are stored. */
export function freshen(stored: ResponseHead, validated: ResponseHead): void {
  const lines = validated.text.split('\r\n').slice(1, -1);
  const added = lines
    .map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()] as const)
    .filter(([name]) => !KEPT.has(name.toLowerCase()));
  // 4.2.3: the age is counted anew, from what the 304 says of it.
  stored.remove('age');
  for (const [name] of added) stored.remove(name.toLowerCase());
  for (const [name, value] of added) stored.append(name, value);
}
