import { createHash, randomBytes } from 'node:crypto';
import { close, ftruncate, mkdirSync, open, unlink, write } from 'node:fs';
import { join } from 'node:path';
import { CacheIndex, type IndexLimits } from '../cache-index.ts';
import type { CacheStore, EntryWriter } from '../cache-store.ts';
import { isSameVariant, MAX_TEXT_BYTES, SWEEP_EVERY_MS } from '../memory-store.ts';
import { bodyInFile, type Described, type FileOfBody, StoredResponse } from '../stored-response.ts';
import { DiskReach } from './disk-reach.ts';
import { DiskTrouble } from './disk-trouble.ts';
import { DiskWriter } from './disk-writer.ts';
import { draftName, ownSelf } from './draft-owner.ts';
import { DRAFTS, removeAbandoned, SILENT_MS } from './drafts.ts';
import { entryTail } from './entry-format.ts';
import { Forgotten } from './forgotten.ts';
import { gated, gatedVoid } from './gated.ts';
import { loadFolder } from './load-folder.ts';

/** Small bodies that are asked for are in memory, too: so much of them. */
const MAX_HOT_BYTES = 32 << 20;
/** A disk that hangs holds up no more of memory than this, for all that is to be written, */
const MAX_WAITING_BYTES = 32 << 20;
/** and for no more responses. */
const MAX_WRITING = 1000;
/** Nginx's bound for what it keeps of one response. */
const MAX_ENTRY_BYTES = 1 << 30;

/** The disk, or the account's share of it, is full. */
const FULL = new Set(['ENOSPC', 'EDQUOT']);
/** Of what is kept, so much makes room where the disk is full before the cache is. */
const SHARE_FOR_ROOM = 1 / 8;

/** A disk that dies has many files. */
const TOLD_LOST_EVERY_MS = 60_000;

/** Where a cache tells how its folder is. */
export interface DiskLog {
  info(line: string): void;
  error(line: string): void;
}

/** Responses in files of a folder, and what is known of them in memory. */
export class DiskStore implements CacheStore {
  readonly defaultMaxEntryBytes: number;
  /** Responses that are on their way to the disk. */
  writing = 0;
  readonly #folder: string;
  readonly #maxBytes: number;
  readonly #index: CacheIndex;
  readonly #log: DiskLog;
  readonly #trouble = new DiskTrouble();
  readonly #reach: DiskReach;
  readonly #sweep: NodeJS.Timeout;
  readonly #draftSweep: NodeJS.Timeout;
  /** Whose bodies are in memory, in the order of their last use. */
  readonly #hot = new Set<StoredResponse>();
  #hotBytes = 0;
  /** Of bodies that are being written. */
  pendingBytes = 0;
  /** Of these, what waits in memory for the disk. */
  #waitingBytes = 0;
  #isClosed = false;
  /** While the folder is looked through: what has been removed meanwhile. */
  #forgotten: Forgotten | null = null;
  /** What is in the folder is not known, since it could not be made. */
  #isUnseen = false;
  #hasToldLimit = false;
  /** When the log was last told of a file that cannot be used. */
  #toldLostMs = Number.NEGATIVE_INFINITY;

  constructor(folder: string, limits: IndexLimits, log: DiskLog) {
    this.#folder = folder;
    this.#maxBytes = limits.maxBytes;
    this.#log = log;
    this.#reach = new DiskReach({
      lost: () => log.error(`The disk of ${folder} does not answer: nobody waits for what is kept there`),
      found: () => log.info(`The disk of ${folder} answers again`),
    });
    this.defaultMaxEntryBytes = Math.min(limits.maxBytes, MAX_ENTRY_BYTES);
    this.#index = new CacheIndex(limits, (stored) => this.#removed(stored));
    this.#sweep = setInterval(() => this.#index.deleteInactive(performance.now()), SWEEP_EVERY_MS).unref();
    this.#draftSweep = setInterval(() => void removeAbandoned(join(folder, DRAFTS)), SILENT_MS).unref();
    try {
      mkdirSync(join(folder, DRAFTS), { recursive: true, mode: 0o700 });
    } catch (error) {
      this.#failed(error as NodeJS.ErrnoException, 0);
      this.#isUnseen = true;
    }
    void this.#load();
  }

  get isLoading(): boolean {
    return this.#forgotten !== null;
  }

  get size(): number {
    return this.#index.size;
  }

  get bytes(): number {
    return this.#index.bytes;
  }

  async #load(): Promise<void> {
    const forgotten = new Forgotten();
    this.#forgotten = forgotten;
    await this.#addFound(forgotten);
    this.#forgotten = null;
  }

  async #addFound(forgotten: Forgotten): Promise<void> {
    for await (const { entry, path, fileBytes, bodyBytes } of loadFolder(this.#folder)) {
      if (this.#isClosed) return;
      const body = bodyInFile(path, this.#reach, fileBytes);
      const stored = new StoredResponse(entry.key, entry, body, bodyBytes, performance.now());
      const others = this.#index.variants(entry.key);
      if (others.some((other) => other.body.kind === 'file' && other.body.path === path)) continue;
      // What has come meanwhile is newer.
      const isOvertaken = others.some(
        (other) => isSameVariant(stored, other) && other.facts.receivedMs >= entry.facts.receivedMs,
      );
      if (isOvertaken || forgotten.has(entry.key)) unlink(path, () => {});
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

  begin(key: string, maxBytes: number): EntryWriter | null {
    const begunMs = performance.now();
    if (this.#isClosed || this.writing >= MAX_WRITING || !this.#trouble.mayWrite(begunMs)) return null;
    const name = `${createHash('sha256').update(key).digest('hex').slice(0, 32)}-${randomBytes(8).toString('hex')}`;
    const path = join(this.#folder, name.slice(0, 2), name);
    this.writing += 1;
    return new DiskWriter({
      key,
      maxBytes,
      path,
      draft: join(this.#folder, DRAFTS, draftName(name, ownSelf())),
      claim: (bytes) => {
        if (this.#isClosed || this.pendingBytes + bytes > this.#maxBytes) return false;
        if (this.#waitingBytes + bytes > MAX_WAITING_BYTES) return false;
        this.pendingBytes += bytes;
        this.#waitingBytes += bytes;
        return true;
      },
      release: (bytes) => {
        this.pendingBytes -= bytes;
      },
      taken: (bytes) => {
        this.#waitingBytes -= bytes;
      },
      written: (described, bodyBytes, fileBytes, content) => {
        const body = bodyInFile(path, this.#reach, fileBytes);
        const stored = new StoredResponse(key, described, body, bodyBytes, performance.now());
        if (this.#isClosed) return null;
        this.#add(stored);
        if (content !== null) this.keepContent(stored, content);
        if (this.#trouble.succeeded(begunMs)) this.#recovered();
        return stored;
      },
      over: () => {
        this.writing -= 1;
      },
      failed: (error, bodyBytes) => this.#failed(error, bodyBytes),
    });
  }

  /** @param bodyBytes what was to be written, as far as it had come */
  #failed(error: NodeJS.ErrnoException, bodyBytes: number): void {
    // The disk is well: this one is larger than a file may be (ulimit -f), and others are not.
    if (error.code === 'EFBIG') {
      this.#noteTooLarge(error);
      return;
    }
    const nowMs = performance.now();
    if (this.#isClosed || !this.#trouble.mayWrite(nowMs)) return;
    const isNews = this.#trouble.failed(nowMs);
    if (isNews) {
      this.#log.error(
        `Nothing new is kept in ${this.#folder}, which is tried again from time to time: ${error.message}`,
      );
    }
    const room = this.#index.bytes * SHARE_FOR_ROOM;
    // What is larger than that would not fit then either.
    if (FULL.has(error.code ?? '') && bodyBytes <= room) this.#index.deleteOldest(room);
  }

  #noteTooLarge({ message }: Error): void {
    if (!this.#hasToldLimit)
      this.#log.error(`Responses are too large to be kept in ${this.#folder}: ${message}`);
    this.#hasToldLimit = true;
  }

  #recovered(): void {
    this.#log.info(`Responses are kept in ${this.#folder} again`);
    if (this.#isUnseen) void this.#load();
    this.#isUnseen = false;
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
    body.renewals += 1;
    // Else its end is being written, and will be once more after that.
    if (body.renewals === 1) void this.#writeRenewed(stored, body);
  }

  async #writeRenewed(stored: StoredResponse, body: FileOfBody): Promise<void> {
    this.writing += 1;
    for (let written = 0; written < body.renewals; ) {
      written = body.renewals;
      // A file whose end could not be written is found out at the next start; what is known here holds until then.
      await writeTail(body.path, entryTail(stored, stored.bodyBytes), stored.bodyBytes).catch(() => {});
    }
    body.renewals = 0;
    this.writing -= 1;
  }

  #removed(stored: StoredResponse): void {
    this.#cool(stored);
    if (stored.body.kind === 'file') unlink(stored.body.path, () => {});
  }

  delete(stored: StoredResponse): void {
    this.#index.delete(stored);
  }

  lose(stored: StoredResponse, { code, message }: NodeJS.ErrnoException): void {
    const { body } = stored;
    if (!this.#index.has(stored) || body.kind !== 'file') return;
    this.#index.delete(stored);
    const nowMs = performance.now();
    // Another Kirin may have removed it, where two share the folder.
    if (code === 'ENOENT' || nowMs - this.#toldLostMs < TOLD_LOST_EVERY_MS) return;
    this.#toldLostMs = nowMs;
    this.#log.error(`What was kept in ${body.path} cannot be used, and is asked for anew: ${message}`);
  }

  deleteKey(key: string): number {
    this.#forgotten?.addKey(key);
    return this.#index.deleteKey(key);
  }

  deletePrefix(prefix: string): number {
    this.#forgotten?.addPrefix(prefix);
    return this.#index.deletePrefix(prefix);
  }

  /** What is on disk stays there. */
  close(): void {
    this.#isClosed = true;
    clearInterval(this.#sweep);
    clearInterval(this.#draftSweep);
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
