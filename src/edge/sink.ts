/** Where the bytes of a response go, at its client's speed: a socket, or a stream of HTTP/2. */
export interface Sink {
  /** False: it is full until 'drain'. `taken`: nobody reads from the bytes any more. */
  write(bytes: Buffer, taken?: (error?: Error | null) => void): boolean;
  /** What is written until `uncork` belongs together. */
  cork(): void;
  uncork(): void;
  /** Bytes that wait. */
  readonly writableLength: number;
  readonly writableNeedDrain: boolean;
  readonly destroyed: boolean;
  /** It is one of many of the same client: what waits in each adds up. */
  readonly isCrowded?: boolean;
  /** What waits, but for a little, comes back to whoever can keep it elsewhere; null: it may wait here. */
  takeBack?(): Buffer | null;
  on(event: 'drain', listener: () => void): unknown;
  off(event: 'drain', listener: () => void): unknown;
}
