import type { Handler } from '../handlers/exchange.ts';
import { FileCache } from '../handlers/files/file-cache.ts';
import { FileHandler } from '../handlers/files/handler.ts';
import { staticFileOptions } from '../handlers/files/static-options.ts';
import type { RouteRule } from '../handlers/router.ts';
import type { StaticConfig } from '../protocol/supervision/edge.ts';
import { RefusalLog } from './refusal-log.ts';

/** The routes that serve files, and what is shared by them. */
export class FileRoutes {
  readonly #log: RefusalLog;
  #cache: FileCache | null = null;

  /** @param warn writes a line to the error log */
  constructor(warn: (line: string) => void) {
    this.#log = new RefusalLog(warn);
  }

  /** Those of a configuration, which takes the place of the one before. */
  rules(config: StaticConfig, fallback: Handler): RouteRule[] {
    this.#cache?.close();
    this.#cache = null;
    if (config.mappings.length === 0) return [];
    const cache = new FileCache();
    this.#cache = cache;
    const report = (problem: string) => this.#log.note(() => problem);
    const handlers = staticFileOptions(config).map(
      (options) => new FileHandler(options, { cache, fallback, report }),
    );
    // The longest prefix wins, in whatever order they are given.
    return handlers
      .toSorted((a, b) => b.prefix.depth - a.prefix.depth)
      .map((handler) => ({ matches: ({ path }) => handler.prefix.restOf(path) !== null, handler }));
  }
}
