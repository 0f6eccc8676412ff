import type { ResponseHead } from '../../protocol/http1/response-head.ts';
import type { Exchange } from '../exchange.ts';
import { HeadFilter } from '../head-filter.ts';
import { relatedKey } from './cache-key.ts';
import type { SharedCache } from './shared-cache.ts';

/** Says that the cache had nothing to do with it. */
export class TellingFilter extends HeadFilter {
  readonly #status: string;

  constructor(outer: Exchange, status: string) {
    super(outer);
    this.#status = status;
  }

  protected override edit(head: ResponseHead): void {
    head.append('Cache-Status', this.#status);
  }
}

/** RFC 9110 9.2.1, and those of WebDAV that only read. */
const SAFE = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PROPFIND', 'REPORT', 'SEARCH']);

/** RFC 9111 4.4: what changes something ends what is stored of it. */
export class InvalidatingFilter extends HeadFilter {
  readonly #key: string;
  readonly #cache: SharedCache;
  readonly #added: string;

  constructor(outer: Exchange, key: string, cache: SharedCache, added: string) {
    super(outer);
    this.#key = key;
    this.#cache = cache;
    this.#added = added;
  }

  protected override edit(head: ResponseHead): void {
    head.text += this.#added;
    if (SAFE.has(this.head.method) || head.status >= 400) return;
    this.#cache.invalidate(this.#key);
    for (const name of ['location', 'content-location']) {
      const reference = head.get(name);
      const related = reference === null ? null : relatedKey(this.outer, reference);
      if (related !== null && related !== this.#key) this.#cache.invalidate(related);
    }
  }
}
