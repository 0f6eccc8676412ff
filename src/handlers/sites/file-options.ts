import type { FileRouteSpec, PathMatch } from '../../protocol/supervision/site.ts';
import { DEFAULT_FILE_OPTIONS, type FileOptions } from '../files/options.ts';

/** What a route's files are to the handler of files. */
export function fileOptions(path: PathMatch, spec: FileRouteSpec): FileOptions {
  const { folder, mapping, index, listing, missing, cacheControl, expires, symlinks, dotfiles } = spec;
  return {
    ...DEFAULT_FILE_OPTIONS,
    prefix: path.kind === 'prefix' || path.kind === 'exact' ? path.path : '',
    folder,
    mapping,
    indexNames: index,
    listing,
    missing: typeof missing === 'number' ? missing : null,
    tries: spec.tries,
    cacheControl: cacheControl ?? (expires === null ? null : `max-age=${expires}`),
    expiresSeconds: expires,
    symlinks,
    dotfiles,
    precompressed: spec.precompressed ? DEFAULT_FILE_OPTIONS.precompressed : [],
  };
}
