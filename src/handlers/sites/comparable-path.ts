/**
 * A path as routes are compared with it: percent-encodings decoded once, slashes merged, UTF-8 read. Whatever an application could take for another
 * path than this one is none: null.
 *
 * An encoded slash is a slash, since applications get it as one; segments of dots are what no browser sends, and some
 * applications resolve and others do not. With a line feed at its end, which nobody means, a path is to many a regular expression (Python's `$`)
 * what it is without.
 */
export function comparablePath(path: string): string | null {
  // Nearly always there is nothing to do.
  const decoded = path.includes('%') ? decode(path) : path;
  if (decoded === null || DOTS.test(decoded) || decoded.includes('\0') || decoded.endsWith('\n')) return null;
  const merged = decoded.includes('//') ? decoded.replace(/\/{2,}/g, '/') : decoded;
  return NOT_ASCII.test(merged) ? Buffer.from(merged, 'latin1').toString('utf8') : merged;
}

const DOTS = /(^|\/)\.{1,2}(\/|$)/;
const NOT_ASCII = /[\x80-\xff]/;

/** Bytes, as latin-1. */
function decode(path: string): string | null {
  if (/%(?![0-9A-Fa-f]{2})/.test(path)) return null;
  return path.replace(/%(..)/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}
