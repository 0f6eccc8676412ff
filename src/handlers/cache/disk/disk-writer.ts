import { close, fdatasync, mkdir, open, rename, unlink, writev } from 'node:fs';
import { dirname } from 'node:path';
import type { EntryWriter } from '../cache-store.ts';
import { type Described, type StoredResponse, withLength } from '../stored-response.ts';
import { entryTail } from './entry-format.ts';
import { gated, gatedVoid } from './gated.ts';

/** Bytes that may wait for the disk before whoever produces them is told to wait. */
const MAX_WAITING_BYTES = 1 << 20;
/** For so long: then the response is not kept, and its client waits no longer. */
const PATIENCE_MS = 2000;
/** Up to this size a body stays in memory, too. */
export const HOT_BYTES = 65_536;

const STALLED = `the disk has taken nothing for ${PATIENCE_MS / 1000} s`;

export interface WriterPlace {
  readonly key: string;
  readonly maxBytes: number;
  /** Where it is written. */
  readonly draft: string;
  /** Where it is once it is whole. */
  readonly path: string;
  /** Whether so many bytes more may be written now, of all bodies together. */
  claim(bytes: number): boolean;
  /** So many are in memory no longer: the disk has them, or nobody wants them. */
  taken(bytes: number): void;
  /** Those are on their way no longer. */
  release(bytes: number): void;
  /** It is there. */
  written(
    described: Described,
    bodyBytes: number,
    fileBytes: number,
    content: Buffer | null,
  ): StoredResponse | null;
  /** @param bodyBytes that had come until then */
  failed(error: NodeJS.ErrnoException, bodyBytes: number): void;
  /** Nothing of it is under way any more. */
  over(): void;
}

/** Writes one response to a file of its own, which gets its name when it is whole and on disk. */
export class DiskWriter implements EntryWriter {
  drained: () => void = () => {};
  readonly #place: WriterPlace;
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #bytes = 0;
  /** While it is small. */
  #content: Buffer[] | null = [];
  #fd = -1;
  #isBusy = false;
  #isGone = false;
  #isOver = false;
  /** There while somebody waits for the disk. */
  #patience: NodeJS.Timeout | null = null;
  #ending: { readonly described: Described; readonly done: (stored: StoredResponse | null) => void } | null =
    null;

  constructor(place: WriterPlace) {
    this.#place = place;
    void this.#work();
  }

  get isFull(): boolean {
    return !this.#isGone && this.#waitingBytes > MAX_WAITING_BYTES;
  }

  write(bytes: Buffer): boolean {
    if (
      this.#isGone ||
      this.#bytes + bytes.length > this.#place.maxBytes ||
      !this.#place.claim(bytes.length)
    ) {
      return false;
    }
    this.#bytes += bytes.length;
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
    if (this.#patience === null) this.#watch();
    if (this.#bytes > HOT_BYTES) this.#content = null;
    else this.#content?.push(bytes);
    void this.#work();
    return true;
  }

  finish(described: Described, done: (stored: StoredResponse | null) => void): void {
    if (this.#isGone) {
      done(null);
      return;
    }
    this.#ending = { described: withLength(described, this.#bytes), done };
    void this.#work();
  }

  discard(): void {
    if (this.#isGone) return;
    this.#isGone = true;
    this.#watch();
    this.#place.release(this.#bytes);
    if (!this.#isBusy) void this.#cleanUp();
  }

  async #work(): Promise<void> {
    if (this.#isBusy) return;
    this.#isBusy = true;
    try {
      if (this.#fd < 0 && !this.#isGone) {
        this.#fd = await createIn(this.#place.draft);
      }
      while (this.#waiting.length > 0 && !this.#isGone) await this.#writeWaiting();
      if (this.#ending !== null && !this.#isGone) await this.#end(this.#ending.described);
    } catch (error) {
      this.#fail(error as NodeJS.ErrnoException);
    }
    this.#isBusy = false;
    if (this.#isGone) await this.#cleanUp();
    else if (this.#waiting.length > 0) void this.#work();
  }

  async #writeWaiting(): Promise<void> {
    const batch = this.#waiting;
    this.#waiting = [];
    await this.#writeAll(batch);
    this.#taken(batch.reduce((sum, { length }) => sum + length, 0));
    this.#watch();
    this.drained();
  }

  /** From now on the disk has to take something in time, where that is waited for. */
  #watch(): void {
    if (this.#patience !== null) clearTimeout(this.#patience);
    this.#patience = this.isFull
      ? setTimeout(() => this.#fail(new Error(STALLED)), PATIENCE_MS).unref()
      : null;
  }

  #taken(bytes: number): void {
    this.#waitingBytes -= bytes;
    this.#place.taken(bytes);
  }

  async #writeAll(batch: readonly Buffer[]): Promise<void> {
    let rest = batch.filter(({ length }) => length > 0);
    while (rest.length > 0) {
      const count = await gated<number>((done) => writev(this.#fd, rest, null, done));
      const bytes = rest.reduce((sum, { length }) => sum + length, 0);
      // A short write, as on a full disk: the next one says why.
      rest = count < bytes ? [Buffer.concat(rest).subarray(count)] : [];
    }
  }

  async #end(described: Described): Promise<void> {
    const { key, draft, path } = this.#place;
    const tail = entryTail({ ...described, key }, this.#bytes);
    await this.#writeAll([tail]);
    // Else a name could outlive a loss of power, and its content not.
    await gatedVoid((done) => fdatasync(this.#fd, done));
    await makeFolder(dirname(path));
    await gatedVoid((done) => rename(draft, path, done));
    const ending = this.#ending;
    if (ending === null || this.#isGone) {
      unlink(path, () => {});
      return;
    }
    this.#isGone = true;
    this.#ending = null;
    const content = this.#content === null ? null : Buffer.concat(this.#content);
    this.#place.release(this.#bytes);
    ending.done(this.#place.written(described, this.#bytes, this.#bytes + tail.length, content));
  }

  #fail(error: NodeJS.ErrnoException): void {
    if (this.#isGone) return;
    this.discard();
    this.#place.failed(error, this.#bytes);
    const ending = this.#ending;
    this.#ending = null;
    ending?.done(null);
    this.drained();
  }

  async #cleanUp(): Promise<void> {
    const fd = this.#fd;
    this.#fd = -1;
    this.#waiting = [];
    this.#taken(this.#waitingBytes);
    this.#content = null;
    if (fd >= 0) {
      await gatedVoid((done) => close(fd, done)).catch(() => {});
      // Where it is whole it has another name by now.
      await gatedVoid((done) => unlink(this.#place.draft, done)).catch(() => {});
    }
    if (!this.#isOver) this.#place.over();
    this.#isOver = true;
  }
}

/** Somebody may have removed the folder. */
async function createIn(path: string): Promise<number> {
  const create = () => gated<number>((done) => open(path, 'wx', 0o600, done));
  try {
    return await create();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    await makeFolder(dirname(path));
    return create();
  }
}

function makeFolder(path: string): Promise<void> {
  return gatedVoid((done) => mkdir(path, { recursive: true, mode: 0o700 }, (error) => done(error)));
}
