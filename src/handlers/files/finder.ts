import { type BigIntStats, close } from 'node:fs';
import type { FoundFile } from './file-cache.ts';
import { type ListedFolder, listFolder } from './list-folder.ts';
import { mediaTypeOf } from './media-type.ts';
import { OpenFile } from './open-file.ts';
import type { FileOptions } from './options.ts';
import { currentIdentity, readWhole } from './read-whole.ts';
import {
  type FileIdentity,
  identityOf,
  isSame,
  makeRepresentation,
  type Representation,
} from './representation.ts';
import type { FilePath } from './request-path.ts';
import { FileRoot, type OpenedFile } from './root.ts';

/** Contents up to this size are read as soon as they are asked for. */
const SMALL_BYTES = 64 << 10;
/** Up to this size a content is sent as text, joined with its head: one write, and the cheapest. */
const TEXT_BYTES = 16 << 10;
/** A file that changes while it is read is read again, this often in all. */
const MAX_READS = 3;

export type Finding =
  | { readonly kind: 'file'; readonly file: FoundFile }
  /** A folder that something is shown for, and the path lacks the slash at its end. */
  | { readonly kind: 'redirect' }
  | { readonly kind: 'listing'; readonly folder: ListedFolder }
  /** A folder that is not listed. */
  | { readonly kind: 'unlisted' }
  | { readonly kind: 'missing' }
  | { readonly kind: 'forbidden'; readonly why: string }
  | { readonly kind: 'failed'; readonly why: string };

/** Finds what a path stands for, with everything that has to be known to send it. */
export class FileFinder {
  readonly #options: FileOptions;
  readonly #root: FileRoot;

  constructor(options: FileOptions) {
    this.#options = options;
    this.#root = new FileRoot(options.folder, options.symlinks);
  }

  async find({ names, isFolder }: FilePath): Promise<Finding> {
    if (!this.#options.dotfiles && names.some(isHidden)) return { kind: 'missing' };
    const opened = await this.#root.open(names);
    if (opened.kind === 'folder') return this.#findInFolder(names, isFolder, opened.fd);
    if (opened.kind !== 'file') return opened;
    if (isFolder) {
      letGo(opened.fd);
      return { kind: 'missing' };
    }
    return this.#fileFrom(names, opened, true);
  }

  /** As `find`, but nothing else than what is wanted will do. */
  async findWanted({ names, isFolder }: FilePath, wantsFolder: boolean): Promise<Finding> {
    if (!this.#options.dotfiles && names.some(isHidden)) return { kind: 'missing' };
    const opened = await this.#root.open(names);
    if (opened.kind !== 'folder' && opened.kind !== 'file') return opened;
    if ((opened.kind === 'folder') !== wantsFolder || (isFolder && !wantsFolder)) {
      letGo(opened.fd);
      return { kind: 'missing' };
    }
    if (opened.kind === 'folder') return this.#findInFolder(names, isFolder, opened.fd);
    // Another may appear that is tried before it.
    return this.#fileFrom(names, opened, false);
  }

  async #findInFolder(names: readonly string[], hasSlash: boolean, fd: number): Promise<Finding> {
    const { indexNames, listing } = this.#options;
    for (const name of indexNames) {
      const index = await this.#root.open([...names, name]);
      if (index.kind === 'missing') continue;
      if (index.kind === 'folder') {
        letGo(index.fd);
        continue;
      }
      letGo(fd);
      if (index.kind !== 'file') return index;
      if (hasSlash) return this.#fileFrom([...names, name], index, indexNames.length === 1);
      letGo(index.fd);
      return { kind: 'redirect' };
    }
    if (listing && hasSlash) {
      const folder = await listFolder(this.#root, names, fd, this.#options);
      letGo(fd);
      return folder === null ? { kind: 'missing' } : { kind: 'listing', folder };
    }
    letGo(fd);
    return { kind: listing ? 'redirect' : 'unlisted' };
  }

  async #fileFrom(names: readonly string[], opened: OpenedFile, canBeRenewed: boolean): Promise<Finding> {
    const { precompressed, freshMs, expiresSeconds } = this.#options;
    const siblings = await Promise.all(
      precompressed.map(async ({ coding, suffix }) => {
        const sibling = await this.#openSibling(names, suffix, opened.facts);
        return sibling === null ? null : { coding, ...sibling };
      }),
    );
    const there = siblings.filter((sibling) => sibling !== null);
    const mediaType = mediaTypeOf(names.at(-1) ?? this.#options.folder);
    const nowMs = Date.now();
    const represent = async (coding: string, fd: number, facts: BigIntStats): Promise<Representation> => {
      const loaded = await load(fd, identityOf(facts));
      return makeRepresentation(
        { coding, mediaType, varies: there.length > 0, ...loaded },
        this.#options,
        nowMs,
      );
    };
    const original = await represent('identity', opened.fd, opened.facts);
    const others = await Promise.all(there.map(({ coding, fd, facts }) => represent(coding, fd, facts)));
    return {
      kind: 'file',
      file: {
        representations: [original, ...others],
        names,
        canBeRenewed: canBeRenewed && original.modifiedSeconds !== null && expiresSeconds === null,
        freshUntilMs: performance.now() + freshMs,
        isUsed: false,
      },
    };
  }

  /** Null: there is none, or it is older than the original, so it was made of another one. */
  async #openSibling(names: readonly string[], suffix: string, original: BigIntStats) {
    if (names.length === 0) return null;
    const siblingNames = siblingOf(names, suffix);
    const seen = await this.#root.look(siblingNames);
    if (seen === null || !isFit(seen, original)) return null;
    const opened = await this.#root.open(siblingNames);
    if (opened.kind !== 'file' && opened.kind !== 'folder') return null;
    if (opened.kind === 'file' && isFit(opened.facts, original))
      return { fd: opened.fd, facts: opened.facts };
    letGo(opened.fd);
    return null;
  }

  /** Whether what was found is still what is there; then it is believed for as long again. */
  async renew(found: FoundFile): Promise<boolean> {
    if (!found.canBeRenewed) return false;
    const [original, ...others] = found.representations;
    const seen = await this.#root.look(found.names);
    if (seen === null || !isSame(identityOf(seen), original.identity)) return false;
    const { precompressed, freshMs } = this.#options;
    const areSame = await Promise.all(
      precompressed.map(async ({ coding, suffix }) => {
        if (found.names.length === 0) return true;
        const sibling = await this.#root.look(siblingOf(found.names, suffix));
        const known = others.find((other) => other.coding === coding);
        if (sibling === null || !isFit(sibling, seen)) return known === undefined;
        return known !== undefined && isSame(identityOf(sibling), known.identity);
      }),
    );
    if (areSame.includes(false)) return false;
    found.freshUntilMs = performance.now() + freshMs;
    return true;
  }
}

function siblingOf(names: readonly string[], suffix: string): readonly string[] {
  return names.with(-1, `${names.at(-1)}${suffix}`);
}

const isFit = (sibling: BigIntStats, original: BigIntStats): boolean =>
  sibling.isFile() && sibling.mtimeMs >= original.mtimeMs && sibling.size < original.size;

interface Loaded {
  readonly identity: FileIdentity;
  readonly content: string | Buffer | null;
  readonly file: OpenFile | null;
}

/** Takes the descriptor over. */
async function load(fd: number, first: FileIdentity): Promise<Loaded> {
  let identity = first;
  for (let reads = 0; reads < MAX_READS && identity.size <= SMALL_BYTES; reads += 1) {
    const content = await readWhole(fd, identity);
    if (content !== null) {
      letGo(fd);
      const isText = content.length <= TEXT_BYTES;
      return { identity, content: isText ? content.toString('latin1') : content, file: null };
    }
    identity = (await currentIdentity(fd)) ?? identity;
  }
  // Too large, or something that is written to all the time: sent as far as it goes now.
  return { identity, content: null, file: new OpenFile(fd) };
}

function letGo(fd: number): void {
  close(fd, () => {});
}

/** `.well-known` at the beginning of a path is there to be read (RFC 8615). */
function isHidden(name: string, index: number): boolean {
  return name.startsWith('.') && !(index === 0 && name === '.well-known');
}
