// Opens what lies below a folder, and nothing else. What is checked is the descriptor that is then read from, never a path that could
// mean another file a moment later.

import { type BigIntStats, close, constants, fstat, open, readlink, realpath, stat } from 'node:fs';
import { promisify } from 'node:util';
import type { SymlinkPolicy } from '../../protocol/supervision/edge.ts';
import { diskGate } from './disk-gate.ts';

const closeFile = promisify(close);

type Callback<T> = (error: NodeJS.ErrnoException | null, value: T) => void;

function settled<T>(call: (callback: Callback<T>) => void): Promise<T> {
  return new Promise((resolve, reject) =>
    diskGate.ask(call, (error, value) => (error === null ? resolve(value) : reject(error))),
  );
}

const openFile = (path: Buffer) => settled<number>((done) => open(path, OPEN_FLAGS, done));
const statPath = (path: Buffer) => settled<BigIntStats>((done) => stat(path, { bigint: true }, done));
const statDescriptor = (fd: number) => settled<BigIntStats>((done) => fstat(fd, { bigint: true }, done));
const bytesOf = (path: Buffer): string => path.toString('latin1');
const realPathOf = (path: Buffer) =>
  settled<Buffer>((done) => realpath.native(path, 'buffer', done)).then(bytesOf);
const readLink = (path: string) => settled<Buffer>((done) => readlink(path, 'buffer', done)).then(bytesOf);

/** NONBLOCK: opening a FIFO that took the file's place a moment ago must not wait for somebody to write to it. */
const OPEN_FLAGS = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY;

/** A file that is replaced while it is opened has, for a moment, no name any more. */
const MAX_TRIES = 3;
const REPLACED = ' (deleted)';

export interface OpenedFile {
  readonly kind: 'file';
  readonly fd: number;
  readonly facts: BigIntStats;
}

export type Opened =
  | OpenedFile
  | { readonly kind: 'folder'; readonly fd: number }
  | { readonly kind: 'missing' }
  | { readonly kind: 'forbidden'; readonly why: string }
  | { readonly kind: 'failed'; readonly why: string };

/** Paths are bytes as latin-1 text: a name on disk need not be UTF-8. */
export class FileRoot {
  readonly #folder: string;
  readonly #symlinks: SymlinkPolicy;

  /** @param folder absolute, as UTF-16 text */
  constructor(folder: string, symlinks: SymlinkPolicy) {
    const path = Buffer.from(folder, 'utf8').toString('latin1');
    this.#folder = path.replace(/\/+$/, '');
    this.#symlinks = symlinks;
  }

  /** What is there now, following links: to compare with what was opened. Null: nothing that can be seen. */
  async look(names: readonly string[]): Promise<BigIntStats | null> {
    return statPath(this.pathOf(names)).catch(() => null);
  }

  /** Opens a regular file or a folder, if the policy for links allows it. */
  async open(names: readonly string[]): Promise<Opened> {
    try {
      for (let tries = 1; ; tries += 1) {
        const opened = await this.#tryOpen(names);
        if (opened !== null) return opened;
        if (tries === MAX_TRIES) return { kind: 'missing' };
      }
    } catch (error) {
      return explain(error as NodeJS.ErrnoException);
    }
  }

  /** Whether `open` would give a file or a folder. */
  async wouldOpen(names: readonly string[]): Promise<boolean> {
    const opened = await this.open(names);
    if (opened.kind !== 'file' && opened.kind !== 'folder') return false;
    await closeFile(opened.fd);
    return true;
  }

  async #tryOpen(names: readonly string[]): Promise<Opened | null> {
    const path = this.pathOf(names);
    // Looked at before, since to open a device can have an effect.
    if (kindOf(await statPath(path)) === 'other') return { kind: 'missing' };
    const fd = await openFile(path);
    let isKept = false;
    try {
      const facts = await statDescriptor(fd);
      const kind = kindOf(facts);
      if (kind === 'other') return { kind: 'missing' };
      const verdict = await this.#verdict(fd, facts, names);
      if (verdict === 'replaced') return null;
      if (verdict !== 'allowed') return { kind: 'forbidden', why: verdict };
      isKept = true;
      return kind === 'file' ? { kind, fd, facts } : { kind, fd };
    } finally {
      if (!isKept) await closeFile(fd);
    }
  }

  /** 'allowed', 'replaced' (try again), or why it is not allowed. */
  async #verdict(fd: number, facts: BigIntStats, names: readonly string[]): Promise<string> {
    if (this.#symlinks === 'follow') return 'allowed';
    const real = await realPathOfDescriptor(fd, facts, this.pathOf(names));
    if (real === null || real.endsWith(REPLACED)) return 'replaced';
    // Looked up each time: a deployment may have switched the link that leads to the folder.
    const root = await realPathOf(this.pathOf([]));
    if (real === [root === '/' ? '' : root, ...names].join('/') || (names.length === 0 && real === root))
      return 'allowed';
    if (this.#symlinks === 'off') return 'a symbolic link leads there, and links are not followed';
    return real.startsWith(root === '/' ? '/' : `${root}/`)
      ? 'allowed'
      : 'a symbolic link leads out of the folder';
  }

  pathOf(names: readonly string[]): Buffer {
    return Buffer.from([this.#folder, ...names].join('/') || '/', 'latin1');
  }
}

/** Null: the name leads to another file by now. */
async function realPathOfDescriptor(fd: number, facts: BigIntStats, path: Buffer): Promise<string | null> {
  if (process.platform === 'linux') {
    return readLink(`/proc/self/fd/${fd}`);
  }
  // Elsewhere a descriptor does not tell its path: where the name leads must be the same file.
  const real = await realPathOf(path);
  const there = await statPath(Buffer.from(real, 'latin1'));
  return there.dev === facts.dev && there.ino === facts.ino ? real : null;
}

/** FIFOs, sockets and devices are never served. */
function kindOf(facts: BigIntStats): 'file' | 'folder' | 'other' {
  if (facts.isFile()) return 'file';
  return facts.isDirectory() ? 'folder' : 'other';
}

/** As nginx answers: what may not be read is forbidden, and what cannot be a name is not there. */
function explain(error: NodeJS.ErrnoException): Opened {
  switch (error.code) {
    case 'ENOENT':
    case 'ENOTDIR':
    case 'ENAMETOOLONG':
    case 'EINVAL':
      return { kind: 'missing' };
    case 'EACCES':
    case 'EPERM':
    case 'ELOOP':
      return { kind: 'forbidden', why: error.message };
    default:
      return { kind: 'failed', why: error.message };
  }
}
