import type { Handler } from '../handlers/exchange.ts';
import { FileCache, type FileStore, partOf } from '../handlers/files/file-cache.ts';
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
  #made = 0;
  /** Of the configuration that is being made, and of the one in force: what their routes have found is theirs as long as they are the same. */
  #parts = new Map<string, FileStore>();
  #before = new Map<string, FileStore>();

  /** @param warn writes a line to the error log */
  constructor(warn: (line: string) => void) {
    this.#log = new RefusalLog(warn);
  }

  /** The routes of another configuration follow. */
  begin(): void {
    this.#before = this.#parts;
    this.#parts = new Map();
  }

  /** Those were all: what others have found is let go. */
  end(): void {
    for (const [key, part] of this.#before) if (!this.#parts.has(key)) part.clear();
    this.#before = new Map();
  }

  /** For a route of a site. */
  handler(options: FileOptions, fallback: Handler): FileHandler {
    return new FileHandler(options, { cache: this.#partFor(options), fallback, report: this.#report });
  }

  /** For the settings' mappings, which hold for every site. */
  rules(config: StaticConfig, fallback: Handler): RouteRule[] {
    if (config.mappings.length === 0) return [];
    const handlers = staticFileOptions(config).map((options) => this.handler(options, fallback));
    // The longest prefix wins, in whatever order they are given.
    return handlers
      .toSorted((a, b) => b.prefix.depth - a.prefix.depth)
      .map((handler) => ({ matches: ({ path }) => handler.prefix.restOf(path) !== null, handler }));
  }

  /** Routes that do the same share it. */
  #partFor(options: FileOptions): FileStore {
    const key = JSON.stringify(options);
    const known = this.#parts.get(key) ?? this.#before.get(key);
    this.#cache ??= new FileCache();
    const part = known ?? partOf(this.#cache, `${++this.#made}`);
    this.#parts.set(key, part);
    return part;
  }
}
