import { createHash } from 'node:crypto';

/** Many ids are remembered, and clients write them. */
const MAX_ID_LENGTH = 256;

/** The id, or where that is long a digest of it. */
export function shortId(id: string): string {
  return id.length <= MAX_ID_LENGTH ? id : createHash('sha256').update(id).digest('base64');
}
