import type { Described, StoredResponse } from './stored-response.ts';

/** Where the body of a response that is about to be stored goes. */
export interface EntryWriter {
  /** False: it is too much, and nothing is stored. @param bytes nobody changes them any more */
  write(bytes: Buffer): boolean;
  /** More than this waits for the disk: whoever produces it should wait, until `drained` is called. */
  readonly isFull: boolean;
  drained: () => void;
  /** All of it was written. Null: it could not be stored. */
  finish(described: Described, done: (stored: StoredResponse | null) => void): void;
  discard(): void;
}

/** A cache's contents, in memory or on disk. */
export interface CacheStore {
  /** Of a body, where nothing is said. */
  readonly defaultMaxEntryBytes: number;
  /** What is kept. */
  readonly size: number;
  readonly bytes: number;
  /** Responses that are on their way to the disk. */
  readonly writing: number;
  /** What was on disk at the start is not known yet. */
  readonly isLoading: boolean;
  variants(key: string): readonly StoredResponse[];
  touch(stored: StoredResponse): void;
  /** Null: nothing can be stored now. */
  begin(key: string, maxBytes: number): EntryWriter | null;
  /** A 304 has told that it is still right. */
  renew(stored: StoredResponse, described: Described): void;
  /** It has been read from its file. */
  keepContent(stored: StoredResponse, content: Buffer): void;
  delete(stored: StoredResponse): void;
  /** What it has of it cannot be used. */
  lose(stored: StoredResponse, error: NodeJS.ErrnoException): void;
  deleteKey(key: string): number;
  deletePrefix(prefix: string): number;
  /** Nothing is stored any more, and nobody asks. */
  close(): void;
}
