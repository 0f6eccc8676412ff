import type { HttpError } from './errors.ts';
import type { FieldBlock } from './field-block.ts';
import type { RequestHead } from './request-head.ts';

export type ParserEvent =
  /** With `bodyLength` 0 this is the whole message, and no `end` follows. */
  | { readonly type: 'head'; readonly head: RequestHead }
  /** A slice of what was pushed, not a copy, but for small chunks that were joined. */
  | { readonly type: 'body'; readonly data: Buffer }
  | { readonly type: 'end'; readonly trailers: FieldBlock | null }
  | { readonly type: 'error'; readonly error: HttpError };
