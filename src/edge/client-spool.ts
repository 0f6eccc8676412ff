import { OwnFile } from './own-file.ts';
import { type Located, SpoolFile, type SpoolPlace } from './spool-file.ts';

/** What a response gets at a time; what of it is not written takes nothing of the disk. */
const BLOCK_BYTES = 262_144;

/**
 * What one client has not taken of its responses, in one file, however many they are: with HTTP/2 there may be a hundred. Each has blocks of the file,
 * which are free for others as soon as they have been read, so that the file is no larger than what waits.
 */
export class ClientSpool {
  readonly #folder: string;
  #file: OwnFile | null = null;
  #isOpen = false;
  readonly #spools = new Map<SpoolPlace, SpoolFile>();
  #whenOpen: ((error: Error | null) => void)[] = [];
  #blocks = 0;
  #freeBlocks: number[] = [];

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** For one response. */
  begin(failed: (error: Error) => void): SpoolFile {
    const place = new Blocks(this);
    const spool = new SpoolFile(place, failed);
    this.#spools.set(place, spool);
    return spool;
  }

  /** Of all responses. */
  get unreadBytes(): number {
    let bytes = 0;
    for (const spool of this.#spools.values()) bytes += spool.unreadBytes;
    return bytes;
  }

  // --- for those who have blocks ---

  get fd(): number {
    return this.#file?.fd ?? -1;
  }

  whenOpen(done: (error: Error | null) => void): void {
    if (this.#isOpen) {
      done(null);
      return;
    }
    this.#whenOpen.push(done);
    if (this.#file !== null) return;
    this.#file = new OwnFile(this.#folder);
    this.#file.open((error) => this.#noteOpen(error));
  }

  #noteOpen(error: Error | null): void {
    if (error === null) this.#isOpen = true;
    else this.#forget();
    for (const done of this.#whenOpen.splice(0)) done(error);
  }

  takeBlock(): number {
    const block = this.#freeBlocks.pop() ?? this.#blocks;
    if (block === this.#blocks) this.#blocks += 1;
    return block;
  }

  giveBack(block: number): void {
    this.#freeBlocks.push(block);
  }

  /** It neither reads nor writes any more. */
  release(place: SpoolPlace): void {
    this.#spools.delete(place);
    if (this.#spools.size > 0) return;
    this.#file?.close();
    this.#forget();
  }

  #forget(): void {
    this.#file = null;
    this.#isOpen = false;
    this.#spools.clear();
    this.#blocks = 0;
    this.#freeBlocks = [];
  }
}

/** Where one response is in the file. */
class Blocks implements SpoolPlace {
  readonly #spool: ClientSpool;
  /** In the order of the response. */
  readonly #blocks: number[] = [];
  /** Of the response, that are no more. */
  #forgotten = 0;

  constructor(spool: ClientSpool) {
    this.#spool = spool;
  }

  get fd(): number {
    return this.#spool.fd;
  }

  open(done: (error: Error | null) => void): void {
    this.#spool.whenOpen(done);
  }

  locate(at: number): Located {
    const index = Math.floor(at / BLOCK_BYTES) - this.#forgotten;
    if (index === this.#blocks.length) this.#blocks.push(this.#spool.takeBlock());
    const offset = at % BLOCK_BYTES;
    return { position: (this.#blocks[index] as number) * BLOCK_BYTES + offset, room: BLOCK_BYTES - offset };
  }

  forget(before: number): void {
    while ((this.#forgotten + 1) * BLOCK_BYTES <= before) {
      this.#spool.giveBack(this.#blocks.shift() as number);
      this.#forgotten += 1;
    }
  }

  close(): void {
    for (const block of this.#blocks) this.#spool.giveBack(block);
    this.#spool.release(this);
  }
}
