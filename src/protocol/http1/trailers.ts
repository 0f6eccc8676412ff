// RFC 9110 6.5.1: fields that are needed before the body is processed must not come after it: framing, routing, authentication, request
// modifiers, content format. An application that merges trailers into its headers would be told another story than the proxy before it.

const FORBIDDEN = new Set([
  'accept-encoding',
  'authorization',
  'cache-control',
  'connection',
  'content-encoding',
  'content-length',
  'content-location',
  'content-range',
  'content-type',
  'cookie',
  'expect',
  'forwarded',
  'host',
  'keep-alive',
  'max-forwards',
  'origin',
  'pragma',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'range',
  'referer',
  'remote-user',
  'set-cookie',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'via',
  'www-authenticate',
  'x-real-ip',
]);
const FORBIDDEN_PREFIXES = ['if-', 'x-forwarded-', 'sec-', 'access-control-'];

/** @param name in lower case */
export function isForbiddenTrailer(name: string): boolean {
  // In a CGI-like environment "content_length" and "content-length" are one.
  const dashed = name.replaceAll('_', '-');
  return FORBIDDEN.has(dashed) || FORBIDDEN_PREFIXES.some((prefix) => dashed.startsWith(prefix));
}
