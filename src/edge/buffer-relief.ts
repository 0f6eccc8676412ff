/** How many bytes may stream through before the young generation is collected. */
const RELIEF_BYTES = 8 << 20;

type CollectGarbage = (options: { readonly type: 'minor' }) => void;

/** There when Node runs with --expose-gc, as the arbiter has the edge do. */
const collectGarbage = (globalThis as { gc?: CollectGarbage }).gc;

let bytesSinceRelief = 0;

/**
 * To be told of bytes that pass through in Buffers. V8 sees only the Buffers' small heads, and lets some 40 MB of
 * spent ones pile up before it collects them; a download would look like a leak.
 */
export function noteBufferedBytes(bytes: number): void {
  bytesSinceRelief += bytes;
  if (bytesSinceRelief < RELIEF_BYTES) return;
  bytesSinceRelief = 0;
  collectGarbage?.({ type: 'minor' });
}
