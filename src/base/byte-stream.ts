// Two directions of bytes without any message in them: what a connection is once it has been upgraded.

/** Where bytes are written. */
export interface ByteStream {
  /** False: it takes no more until `drained` is called. @param bytes that nobody changes any more */
  write(bytes: Buffer): boolean;
  /** Nothing more is written. */
  end(): void;
  /** Nothing is read until `resume`. */
  pause(): void;
  resume(): void;
  /** Both directions end, once what was written has been taken. */
  finish(): void;
  /** In both directions, at once. */
  destroy(): void;
}

/** Who takes what is read. */
export interface ByteTaker {
  take(bytes: Buffer): void;
  /** The far side sends nothing more. */
  ended(): void;
  /** It takes more again. */
  drained(): void;
  /** Nothing goes in either direction any more. */
  closed(): void;
}
