import type { StaticConfig } from '../../protocol/supervision/edge.ts';
import { DEFAULT_FILE_OPTIONS, type FileOptions } from './options.ts';

/** The command line's mappings as file routes. */
export function staticFileOptions(config: StaticConfig): FileOptions[] {
  const { mappings, maxAgeSeconds, missing, listing, symlinks } = config;
  return mappings.map(({ prefix, folder }) => ({
    ...DEFAULT_FILE_OPTIONS,
    prefix,
    folder,
    missing: missing === 'app' ? null : 404,
    listing,
    symlinks,
    cacheControl: maxAgeSeconds === null ? null : `max-age=${maxAgeSeconds}`,
  }));
}
