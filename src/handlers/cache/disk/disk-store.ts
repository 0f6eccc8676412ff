import { createHash, randomBytes } from 'node:crypto';
import { close, ftruncate, mkdirSync, open, unlink, write } from 'node:fs';
import { join } from 'node:path';
import { CacheIndex, type IndexLimits } from '../cache-index.ts';
import type { CacheStore, EntryWriter } from '../cache-store.ts';
import { isSameVariant, MAX_TEXT_BYTES, SWEEP_EVERY_MS } from '../memory-store.ts';
import { type Described, type StoredBody, StoredResponse } from '../stored-response.ts';
import { DiskWriter } from './disk-writer.ts';
import { entryTail } from './entry-format.ts';
import { gated, gatedVoid } from './gated.ts';
import { DRAFTS, loadFolder } from './load-folder.ts';

/** Small bodies that are asked for are in memory, too: so much of them. */
const MAX_HOT_BYTES = 32 << 20;
/** Nginx's bound for what it keeps of one response. */
const MAX_ENTRY_BYTES = 1 << 30;

/** Responses in files of a folder, and what is known of them in memory. */
export class DiskStore implements CacheStore {
  readonly defaultMaxEntryBytes: number;
  /** Responses that are on their way to the disk. */
  writing = 0;
  isLoading = true;
  readonly #folder: string;
  readonly #maxBytes: number;
  readonly #index: CacheIndex;
  readonly #report: (problem: string) => void;
  readonly #sweep: NodeJS.Timeout;
  /** Whose bodies are in memory, in the order of their last use. */
  readonly #hot = new Set<StoredResponse>();
  #hotBytes = 0;
  /** Of bodies that are being written. */
  pendingBytes = 0;
  #isClosed = false;
  /** What is written to a file once more, one after another. */
  readonly #renewals = new WeakMap<StoredResponse, Promise<void>>();

  /** @param report writes a line to the error log, unless there are too many */
  constructor(folder: string, limits: IndexLimits, report: (problem: string) => void) {
    this.#folder = folder;
    this.#maxBytes = limits.maxBytes;
    this.#report = report;
    this.defaultMaxEntryBytes = Math.min(limits.maxBytes, MAX_ENTRY_BYTES);
    this.#index = new CacheIndex(limits, (stored) => this.#removed(stored));
    this.#sweep = setInterval(() => this.#index.deleteInactive(performance.now()), SWEEP_EVERY_MS).unref();
    try {
      mkdirSync(join(folder, DRAFTS), { recursive: true, mode: 0o700 });
    } catch (error) {
      this.#isClosed = true;
      report(`Nothing is kept in ${folder}: ${(error as Error).message}`);
    }
    void this.#load().finally(() => {
      this.isLoading = false;
    });
  }

  get size(): number {
    return this.#index.size;
  }

  get bytes(): number {
    return this.#index.bytes;
  }

  async #load(): Promise<void> {
    if (this.#isClosed) return;
    for await (const { entry, path, fileBytes, bodyBytes } of loadFolder(this.#folder)) {
      if (this.#isClosed) return;
      const body: StoredBody = { kind: 'file', path, fileBytes, content: null };
      const stored = new StoredResponse(entry.key, entry, body, bodyBytes, performance.now());
      // What has come meanwhile is newer.
      const isOvertaken = this.#index
        .variants(entry.key)
        .some((other) => isSameVariant(stored, other) && other.facts.receivedMs >= entry.facts.receivedMs);
      if (isOvertaken) unlink(path, () => {});
      else this.#add(stored);
    }
  }

  #add(stored: StoredResponse): void {
    this.#index.add(stored, (other) => isSameVariant(stored, other));
  }

  variants(key: string): readonly StoredResponse[] {
    return this.#index.variants(key);
  }

  touch(stored: StoredResponse): void {
    this.#index.touch(stored, performance.now());
    if (this.#hot.delete(stored)) this.#hot.add(stored);
  }

  begin(key: string, maxBytes: number): EntryWriter {
    const name = `${createHash('sha256').update(key).digest('hex').slice(0, 32)}-${randomBytes(8).toString('hex')}`;
    const path = join(this.#folder, name.slice(0, 2), name);
    this.writing += 1;
    return new DiskWriter({
      key,
      maxBytes,
      path,
      draft: join(this.#folder, DRAFTS, name),
      claim: (bytes) => {
        if (this.#isClosed || this.pendingBytes + bytes > this.#maxBytes) return false;
        this.pendingBytes += bytes;
        return true;
      },
      release: (bytes) => {
        this.pendingBytes -= bytes;
      },
      written: (described, bodyBytes, fileBytes, content) => {
        const body: StoredBody = { kind: 'file', path, fileBytes, content: null };
        const stored = new StoredResponse(key, described, body, bodyBytes, performance.now());
        if (this.#isClosed) return null;
        this.#add(stored);
        if (content !== null) this.keepContent(stored, content);
        return stored;
      },
      over: () => {
        this.writing -= 1;
      },
      failed: (error) => this.#report(`A response could not be kept in ${this.#folder}: ${error.message}`),
    });
  }

  keepContent(stored: StoredResponse, content: Buffer): void {
    if (stored.body.kind !== 'file' || stored.body.content !== null || !this.#index.has(stored)) return;
    stored.body.content = content.length <= MAX_TEXT_BYTES ? content.toString('latin1') : content;
    this.#hot.add(stored);
    this.#hotBytes += content.length;
    for (const oldest of this.#hot) {
      if (this.#hotBytes <= MAX_HOT_BYTES) return;
      this.#cool(oldest);
    }
  }

  #cool(stored: StoredResponse): void {
    if (!this.#hot.delete(stored)) return;
    this.#hotBytes -= stored.bodyBytes;
    if (stored.body.kind === 'file') stored.body.content = null;
  }

  renew(stored: StoredResponse, { facts, head, flags }: Described): void {
    const { body } = stored;
    if (body.kind !== 'file') return;
    const tail = entryTail({ key: stored.key, facts, head, flags }, stored.bodyBytes);
    this.#index.change(stored, () => {
      Object.assign(stored, { facts, head, flags });
      body.fileBytes = stored.bodyBytes + tail.length;
    });
    const before = this.#renewals.get(stored) ?? Promise.resolve();
    // A file whose end could not be written is found out at the next start; what is known here holds until then.
    this.writing += 1;
    const renewal = before
      .then(() => writeTail(body.path, tail, stored.bodyBytes))
      .catch(() => {})
      .finally(() => {
        this.writing -= 1;
      });
    this.#renewals.set(stored, renewal);
  }

  #removed(stored: StoredResponse): void {
    this.#cool(stored);
    if (stored.body.kind === 'file') unlink(stored.body.path, () => {});
  }

  delete(stored: StoredResponse): void {
    this.#index.delete(stored);
  }

  deleteKey(key: string): number {
    return this.#index.deleteKey(key);
  }

  deletePrefix(prefix: string): number {
    return this.#index.deletePrefix(prefix);
  }

  /** What is on disk stays there. */
  close(): void {
    this.#isClosed = true;
    clearInterval(this.#sweep);
  }
}

/** In the place of the one that was there. The body before it does not change, whoever reads it. */
async function writeTail(path: string, tail: Buffer, bodyBytes: number): Promise<void> {
  const fd = await gated<number>((done) => open(path, 'r+', done));
  try {
    await gated<number>((done) => write(fd, tail, 0, tail.length, bodyBytes, done));
    await gatedVoid((done) => ftruncate(fd, bodyBytes + tail.length, done));
  } finally {
    await gatedVoid((done) => close(fd, done));
  }
}
