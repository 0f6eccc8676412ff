import type { SymlinkPolicy } from '../../protocol/supervision/edge.ts';

/** A content coding of which files may lie beside the original, and how their names end. */
export interface PrecompressedKind {
  readonly coding: string;
  readonly suffix: string;
}

/** All that a route which serves files can do. */
export interface FileOptions {
  /** Paths below it are the route's: `/static`, without a slash at its end; '' is every path. */
  readonly prefix: string;
  /** `alias`: what follows the prefix is looked up in the folder; `root`: the whole path is. */
  readonly mapping: 'alias' | 'root';
  /** Absolute; a single file may stand in a folder's place. */
  readonly folder: string;
  /** Answer for a folder: the first of these that is there. */
  readonly indexNames: readonly string[];
  /** What is answered where there is nothing to serve; null: the route's fallback handler is asked. */
  readonly missing: number | null;
  /** Paths, with $variables, the first of which that is there is served in the request's place; null: that alone. */
  readonly tries: readonly string[] | null;
  /** Whether folders without an index are shown as a page. */
  readonly listing: boolean;
  /** The field's value; null: none is sent. */
  readonly cacheControl: string | null;
  /** Seconds from now for the Expires field; null: none is sent. */
  readonly expiresSeconds: number | null;
  /** Which siblings are looked for, the best first; none: an empty list. */
  readonly precompressed: readonly PrecompressedKind[];
  readonly symlinks: SymlinkPolicy;
  /** Whether names that begin with a dot are served. */
  readonly dotfiles: boolean;
  /** For how long what was found out about a file is believed. */
  readonly freshMs: number;
}

export const DEFAULT_FILE_OPTIONS = {
  mapping: 'alias',
  indexNames: ['index.html'],
  missing: 404,
  tries: null,
  listing: false,
  cacheControl: null,
  expiresSeconds: null,
  precompressed: [
    { coding: 'br', suffix: '.br' },
    { coding: 'zstd', suffix: '.zst' },
    { coding: 'gzip', suffix: '.gz' },
  ],
  symlinks: 'inside',
  dotfiles: false,
  freshMs: 1000,
} as const satisfies Omit<FileOptions, 'prefix' | 'folder'>;
