import type { Handler } from '../handlers/exchange.ts';
import { FileCache, partOf } from '../handlers/files/file-cache.ts';
import { FileHandler } from '../handlers/files/handler.ts';
import type { FileOptions } from '../handlers/files/options.ts';
import { staticFileOptions } from '../handlers/files/static-options.ts';
import type { RouteRule } from '../handlers/router.ts';
import type { StaticConfig } from '../protocol/supervision/edge.ts';
import { RefusalLog } from './refusal-log.ts';

/** The routes that serve files, and what is shared by them. */
export class FileRoutes {
  readonly #log: RefusalLog;
  readonly #report = (problem: string) => this.#log.note(() => problem);
  #cache: FileCache | null = null;
  #count = 0;

  /** @param warn writes a line to the error log */
  constructor(warn: (line: string) => void) {
    this.#log = new RefusalLog(warn);
  }

  /** Another configuration takes the place of the one before. */
  reset(): void {
    this.#cache?.close();
    this.#cache = null;
    this.#count = 0;
  }

  /** For a route of a site. */
  handler(options: FileOptions, fallback: Handler): FileHandler {
    this.#count += 1;
    const cache = partOf(this.#openCache(), `route ${this.#count}`);
    return new FileHandler(options, { cache, fallback, report: this.#report });
  }

  /** For the settings' mappings, which hold for every site. */
  rules(config: StaticConfig, fallback: Handler): RouteRule[] {
    if (config.mappings.length === 0) return [];
    const parts = { cache: this.#openCache(), fallback, report: this.#report };
    const handlers = staticFileOptions(config).map((options) => new FileHandler(options, parts));
    // The longest prefix wins, in whatever order they are given.
    return handlers
      .toSorted((a, b) => b.prefix.depth - a.prefix.depth)
      .map((handler) => ({ matches: ({ path }) => handler.prefix.restOf(path) !== null, handler }));
  }

  #openCache(): FileCache {
    this.#cache ??= new FileCache();
    return this.#cache;
  }
}
