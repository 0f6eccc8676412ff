import { contentType } from 'mime-types';

/** For names that say nothing, as nginx. */
const UNKNOWN = 'application/octet-stream';

/** The Content-Type for a file of this name, with the charset where it is text. */
export function mediaTypeOf(name: string): string {
  const dot = name.lastIndexOf('.');
  // `.profile` has no extension.
  if (dot <= 0) return UNKNOWN;
  return contentType(name.slice(dot + 1)) || UNKNOWN;
}
