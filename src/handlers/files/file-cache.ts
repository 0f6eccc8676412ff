import type { Representation } from './representation.ts';

/** A file as it was found: in each coding that there is, the original first. */
export interface FoundFile {
  readonly representations: readonly [Representation, ...Representation[]];
  /** Names below the root, the index's included. */
  readonly names: readonly string[];
  /** Whether it is the same as long as these files are: its head holds no time, and no other index could take its place. */
  readonly canBeRenewed: boolean;
  /** Clock of performance.now: until then it is believed. */
  freshUntilMs: number;
  /** It was asked for since it last came to its turn to be evicted. */
  isUsed: boolean;
}

/** What a handler wants of a cache. */
export type FileStore = Pick<FileCache, 'get' | 'set' | 'delete' | 'keepContent' | 'clear'>;

/** A part of a cache, for one of several routes: the same path is another file on another site. */
export function partOf(cache: FileCache, name: string): FileStore {
  const key = (path: string): string => `${name} ${path}`;
  return {
    get: (path) => cache.get(key(path)),
    set: (path, file) => cache.set(key(path), file),
    delete: (path) => cache.delete(key(path)),
    keepContent: (path, ...rest) => cache.keepContent(key(path), ...rest),
    clear: () => cache.clear(key('')),
  };
}

const MAX_BYTES = 64 << 20;
/** What an entry weighs besides its content. */
const ENTRY_BYTES = 2048;
/** So that at most some two hundred are open: descriptors are scarcer than memory. */
const DESCRIPTOR_BYTES = 256 << 10;

const IDLE_MS = 30_000;
const SWEEP_MS = 10_000;

/** Open files and small contents, in one bounded memory, by the path of the request. It holds their descriptors. */
export class FileCache {
  readonly #files = new Map<string, FoundFile>();
  readonly #maxBytes: number;
  #bytes = 0;
  #isClosed = false;
  #sweeper: NodeJS.Timeout | null = null;

  constructor(maxBytes = MAX_BYTES) {
    this.#maxBytes = maxBytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get(path: string): FoundFile | undefined {
    return this.#files.get(path);
  }

  set(path: string, file: FoundFile): void {
    this.delete(path);
    if (this.#isClosed) {
      releaseFiles(file);
      return;
    }
    this.#files.set(path, file);
    this.#bytes += weightOf(path, file);
    this.#evict();
    this.#sweeper ??= setInterval(() => this.#sweep(), SWEEP_MS).unref();
  }

  /** Keeps the content in memory from now on, and lets go of the descriptor. */
  keepContent(path: string, file: FoundFile, representation: Representation, content: Buffer): void {
    // It may have been evicted while it was read.
    if (this.#files.get(path) !== file || representation.file === null) return;
    this.#bytes -= weightOf(path, file);
    representation.file.release();
    representation.file = null;
    representation.content = content;
    this.#bytes += weightOf(path, file);
    this.#evict();
  }

  delete(path: string): void {
    const file = this.#files.get(path);
    if (file === undefined) return;
    this.#files.delete(path);
    this.#bytes -= weightOf(path, file);
    releaseFiles(file);
  }

  /** Lets go of all whose names begin so. */
  clear(prefix = ''): void {
    for (const path of this.#files.keys()) if (path.startsWith(prefix)) this.delete(path);
  }

  /** Lets go of everything, for good; what is being sent is sent to its end. */
  close(): void {
    this.#isClosed = true;
    for (const path of this.#files.keys()) this.delete(path);
    if (this.#sweeper !== null) clearInterval(this.#sweeper);
  }

  /** The oldest go first, but one that was used since it last came to its turn gets another. */
  #evict(): void {
    for (const [path, file] of this.#files) {
      if (this.#bytes <= this.#maxBytes) return;
      if (file.isUsed) {
        file.isUsed = false;
        this.#files.delete(path);
        this.#files.set(path, file);
      } else {
        this.delete(path);
      }
    }
  }

  /** What nobody asks for is let go: an open descriptor keeps the disk space of a file that was deleted. */
  #sweep(): void {
    const limit = performance.now() - IDLE_MS;
    for (const [path, file] of this.#files) if (file.freshUntilMs < limit) this.delete(path);
    if (this.#files.size > 0 || this.#sweeper === null) return;
    clearInterval(this.#sweeper);
    this.#sweeper = null;
  }
}

function weightOf(path: string, { representations }: FoundFile): number {
  // Clients choose how long it is; it is there as the names, too.
  let bytes = ENTRY_BYTES + 2 * path.length;
  for (const { content, file } of representations) {
    bytes += content === null ? 0 : content.length;
    bytes += file === null ? 0 : DESCRIPTOR_BYTES;
  }
  return bytes;
}

function releaseFiles({ representations }: FoundFile): void {
  for (const { file } of representations) file?.release();
}
