import { ageOf, reuse } from '../../protocol/caching/reuse.ts';
import type { StoragePolicy } from '../../protocol/caching/storability.ts';
import type { StoredFacts } from '../../protocol/caching/stored-facts.ts';
import { matches } from '../../protocol/caching/vary.ts';
import type { ResponseHead } from '../../protocol/http1/response-head.ts';
import type { CacheUse } from '../../protocol/supervision/cache.ts';
import type { Exchange, Handler, Producer } from '../exchange.ts';
import { NetworkList } from '../network-list.ts';
import { compileTemplate, type Template } from '../template.ts';
import { CacheFetch } from './cache-fetch.ts';
import { type CacheKey, cacheKey } from './cache-key.ts';
import { fetchHead } from './fetch-head.ts';
import type { Leader, Outcome, Waiter } from './fetch-outcome.ts';
import { InvalidatingFilter, TellingFilter } from './passing-filters.ts';
import { purge } from './purge.ts';
import { type RequestFacts, requestFacts } from './request-facts.ts';
import { notModifiedHead, serve, verdictOf } from './serve.ts';
import type { CacheStatus, SharedCache } from './shared-cache.ts';
import { shortId } from './short-id.ts';
import type { StoredResponse } from './stored-response.ts';

/** Why a request goes on: RFC 9211 2.2. */
type Forward = 'uri-miss' | 'vary-miss' | 'stale' | 'request' | 'bypass' | 'method';

/** After so many fetches that came to nothing for somebody, he asks for himself. */
const MAX_ATTEMPTS = 3;

/** One request on its way through the cache. */
interface Visit {
  readonly exchange: Exchange;
  readonly request: RequestFacts;
  readonly key: string;
  attempts: number;
}

/** Answers from a cache what it can, and has the rest answered. */
export class CacheHandler implements Handler {
  readonly #use: CacheUse;
  readonly #cache: SharedCache;
  readonly #next: Handler;
  readonly #keyOf: CacheKey;
  readonly #route: string;
  readonly #policy: StoragePolicy;
  readonly #bypass: readonly Template[];
  readonly #noStore: readonly Template[];
  readonly #purgers: NetworkList | null;

  /** @param route tells its responses from those that others make of the same URI, unless it has a key of its own */
  constructor(use: CacheUse, cache: SharedCache, next: Handler, route: string) {
    this.#use = use;
    this.#cache = cache;
    this.#next = next;
    this.#keyOf = cacheKey(use.key);
    this.#route = use.key === null ? route : '';
    const { staleWhileRevalidate, staleIfError } = use;
    this.#policy = {
      valid: new Map(use.valid),
      staleWhileRevalidate,
      staleIfError,
      ignored: new Set(use.ignored),
    };
    this.#bypass = use.bypass.map((text) => compileTemplate(text));
    this.#noStore = use.noStore.map((text) => compileTemplate(text));
    this.#purgers = use.purge.length === 0 ? null : new NetworkList(use.purge);
  }

  handle(exchange: Exchange): void {
    if (exchange.passed?.has(this.#cache)) {
      this.#next.handle(exchange);
      return;
    }
    const { method, bodyLength } = exchange.head;
    if (method !== 'GET' && method !== 'HEAD') {
      if (method === 'PURGE' && this.#purgers !== null) {
        purge(exchange, this.#keyOf(exchange), this.#cache, this.#purgers);
      } else {
        this.#next.handle(
          new InvalidatingFilter(exchange, this.#keyOf(exchange), this.#cache, this.#tells('fwd=method')),
        );
      }
      return;
    }
    const request = requestFacts(exchange, this.#use.obeysClients, this.#route);
    // An application may heed a body, which no key tells.
    if (request.upgrades) this.#next.handle(exchange);
    else if (bodyLength !== 0) this.#pass(exchange, 'bypass');
    else this.#visit({ exchange, request, key: this.#keyOf(exchange), attempts: 0 });
  }

  #visit(visit: Visit): void {
    const { exchange, request, key } = visit;
    if (this.#bypass.length > 0 && isSaid(this.#bypass, exchange)) {
      this.#fetch(visit, null, 'bypass');
      return;
    }
    const variants = this.#cache.store.variants(key);
    const stored = variants.find(
      ({ facts }) => matches(facts, request) && (facts.isForEverybody || !request.hasAuthorization),
    );
    if (stored === undefined) {
      this.#fetch(visit, null, variants.some((other) => this.#isOwn(other)) ? 'vary-miss' : 'uri-miss');
      return;
    }
    const nowMs = Date.now();
    const verdict = reuse(stored.facts, request.directives, nowMs);
    if (verdict === 'revalidate') {
      const isStale = ageOf(stored.facts, nowMs) >= stored.facts.lifetime || stored.facts.noCache;
      this.#fetch(visit, stored, isStale ? 'stale' : 'request');
      return;
    }
    this.#cache.store.touch(stored);
    this.#serve(visit, stored, verdict === 'fresh' ? 'HIT' : verdict === 'stale' ? 'STALE' : 'UPDATING');
    if (verdict === 'stale-while-revalidate') this.#renewBehind(visit, stored);
  }

  #serve(visit: Visit, stored: StoredResponse, status: CacheStatus, told = 'hit'): void {
    const { exchange, request } = visit;
    const age = ageOf(stored.facts, Date.now());
    this.#note(exchange, status);
    const ttl = Math.floor(stored.facts.lifetime - age);
    const added = `Age: ${Math.floor(age)}\r\n${this.#tells(told === 'hit' ? `hit; ttl=${ttl}` : told)}`;
    serve(exchange, stored, added, request.isConditional, {
      lost: (error) => {
        this.#cache.store.lose(stored, error);
        if (!exchange.isOver) this.#again(visit);
      },
      cut: (error) => this.#cache.store.lose(stored, error),
      outOfReach: () => {
        if (!exchange.isOver) this.#pass(exchange, 'bypass');
      },
      read: (content) => this.#cache.store.keepContent(stored, content),
    });
  }

  #again(visit: Visit): void {
    visit.attempts += 1;
    if (visit.attempts > MAX_ATTEMPTS) this.#pass(visit.exchange, 'uri-miss');
    else this.#visit(visit);
  }

  // --- what is not there ---

  #fetch(visit: Visit, stored: StoredResponse | null, why: Forward): void {
    const { exchange, request, key } = visit;
    if (request.directives.has('only-if-cached')) {
      exchange.refuse(504);
      return;
    }
    const id = this.#idOf(key, request, stored);
    const isAlike = why !== 'bypass' && why !== 'request';
    const other = this.#use.lock && isAlike ? this.#cache.inFlight.get(id) : undefined;
    const isPassed =
      (other !== undefined || request.isConditional) && this.#cache.isPassed(id, performance.now());
    // What is not for the cache had better be asked for as the client has: perhaps he needs only a part of it.
    if (isPassed && request.isConditional && stored === null) {
      this.#pass(exchange, why);
      return;
    }
    if (other !== undefined && !isPassed) {
      this.#wait(visit, other, why);
      return;
    }
    if (!this.#mayStore(visit, id, stored)) {
      this.#pass(exchange, why);
      return;
    }
    this.#startFetch(visit, id, stored, this.#leader(visit, stored, why));
  }

  #mayStore({ exchange, request }: Visit, id: string, stored: StoredResponse | null): boolean {
    if (request.directives.has('no-store') || isSaid(this.#noStore, exchange)) return false;
    const { minUses } = this.#use;
    return minUses <= 1 || stored !== null || this.#cache.countUse(id) >= minUses;
  }

  #startFetch(
    { exchange, request, key }: Visit,
    id: string,
    stored: StoredResponse | null,
    leader: Leader | null,
  ): void {
    const fetch = new CacheFetch({
      id,
      key,
      head: fetchHead(exchange.head, stored?.facts ?? null),
      leader,
      from: exchange,
      asked: request,
      policy: this.#policy,
      maxEntryBytes: this.#use.maxEntryBytes ?? this.#cache.store.defaultMaxEntryBytes,
      stored,
      cache: this.#cache,
    });
    this.#next.handle(fetch);
  }

  /** RFC 5861 3: the client does not wait for it. */
  #renewBehind(visit: Visit, stored: StoredResponse): void {
    const id = this.#idOf(visit.key, visit.request, stored);
    if (this.#cache.inFlight.has(id)) return;
    this.#startFetch(visit, id, stored, null);
  }

  /** Requests of one id get the same response, as far as is known before it comes. */
  #idOf(key: string, request: RequestFacts, stored: StoredResponse | null): string {
    const { unspoken } = request;
    const last = stored ?? this.#cache.store.variants(key).find((other) => this.#isOwn(other));
    const vary = last?.facts.vary ?? [];
    const authorization = request.hasAuthorization ? request.valueOf('authorization') : '';
    const values = vary.map((name) => `${name}: ${request.valueOf(name)}`);
    return shortId([key, this.#route, authorization, unspoken, ...values].join('\n'));
  }

  #isOwn({ facts }: StoredResponse): boolean {
    return facts.route === this.#route;
  }

  #leader(visit: Visit, stored: StoredResponse | null, why: Forward): Leader {
    const { exchange, request } = visit;
    const missed = why === 'bypass' ? 'BYPASS' : stored === null ? 'MISS' : 'EXPIRED';
    return {
      exchange,
      takes: (head, facts) => {
        this.#note(exchange, missed);
        return request.isConditional ? this.#takesConditionally(visit, head, facts, why) : 'streams';
      },
      fieldsFor: ({ status }, isStored) => {
        const forwarded = stored === null ? '' : `; fwd-status=${status}`;
        return this.#tells(`fwd=${why}${forwarded}${isStored ? '; stored' : ''}`);
      },
      settle: (outcome) => this.#settle(visit, outcome, why, stored === null ? missed : 'REVALIDATED'),
    };
  }

  /** The response to a request with conditions, which the fetch had none of. */
  #takesConditionally(
    visit: Visit,
    head: ResponseHead,
    facts: StoredFacts | null,
    why: Forward,
  ): 'streams' | 'waits' | 'asks-himself' | 'answered' {
    const { exchange, request } = visit;
    // Parts are cut out of a whole that is stored, or by whoever has it.
    if (request.fields.get('range') !== undefined && head.status === 200) {
      if (facts !== null) return 'waits';
      if (head.get('accept-ranges')?.toLowerCase() === 'bytes') return 'asks-himself';
    }
    const { status } = head;
    const response = { status, entityTag: head.get('etag'), lastModified: head.get('last-modified') };
    const verdict = verdictOf(exchange, response, Number.MAX_SAFE_INTEGER);
    if (verdict === 'not-modified') {
      const short = notModifiedHead(head.text, head.flags);
      const added = this.#tells(`fwd=${why}; fwd-status=${status}${facts === null ? '' : '; stored'}`);
      exchange.producer = null;
      exchange.respond(short.text + added, short.flags, '');
      return 'answered';
    }
    if (verdict === 'failed') {
      exchange.producer = null;
      exchange.refuse(412);
      return 'answered';
    }
    return 'streams';
  }

  /** `status`: what the cache has made of it where it is stored now. */
  #settle(visit: Visit, outcome: Outcome, why: Forward, status: CacheStatus): void {
    const { exchange } = visit;
    exchange.producer = null;
    if (exchange.isOver) return;
    switch (outcome.kind) {
      case 'stored':
        this.#serve(
          visit,
          outcome.stored,
          status,
          `fwd=${why}${status === 'REVALIDATED' ? '; fwd-status=304' : ''}; stored`,
        );
        break;
      case 'stale':
        this.#serve(visit, outcome.stored, 'STALE');
        break;
      case 'passed':
      case 'broken':
        this.#pass(exchange, why);
        break;
      case 'refused':
        this.#note(exchange, 'MISS');
        exchange.refuse(
          outcome.status,
          outcome.reason,
          outcome.fields + this.#tells(`fwd=${why}`),
          outcome.edit,
        );
        break;
    }
  }

  // --- one fetch for many ---

  #wait(visit: Visit, fetch: CacheFetch, why: Forward): void {
    const { exchange } = visit;
    const waiter: Waiter = {
      exchange,
      settle: (outcome) => {
        clearTimeout(timer);
        exchange.producer = null;
        if (!exchange.isOver) this.#settleWaiter(visit, outcome, why);
      },
    };
    const timer = setTimeout(() => {
      fetch.leave(waiter);
      exchange.producer = null;
      if (!exchange.isOver) this.#pass(exchange, why);
    }, this.#use.lockTimeoutMs);
    const waiting: Producer = {
      isWaiting: true,
      pause() {},
      resume() {},
      cancel: () => {
        clearTimeout(timer);
        fetch.leave(waiter);
      },
    };
    exchange.producer = waiting;
    fetch.wait(waiter);
  }

  #settleWaiter(visit: Visit, outcome: Outcome, why: Forward): void {
    const { request } = visit;
    if (outcome.kind === 'stored') {
      const { stored } = outcome;
      const isFor =
        matches(stored.facts, request) && (stored.facts.isForEverybody || !request.hasAuthorization);
      const isFresh = isFor && reuse(stored.facts, request.directives, Date.now()) === 'fresh';
      if (isFresh) this.#serve(visit, stored, 'HIT', `fwd=${why}; collapsed`);
      else this.#again(visit);
    } else if (outcome.kind === 'broken') {
      this.#again(visit);
    } else {
      this.#settle(visit, outcome, why, 'HIT');
    }
  }

  /** Past the cache: nothing is stored. */
  #pass(exchange: Exchange, why: Forward): void {
    this.#note(exchange, why === 'bypass' ? 'BYPASS' : 'MISS');
    this.#next.handle(this.#use.tells ? new TellingFilter(exchange, `kirin; fwd=${why}`) : exchange);
  }

  #note(exchange: Exchange, status: CacheStatus): void {
    exchange.cacheStatus = status;
    this.#cache.answered[status] += 1;
  }

  /** A line of RFC 9211's field. */
  #tells(what: string): string {
    return this.#use.tells ? `Cache-Status: kirin; ${what}\r\n` : '';
  }
}

/** As nginx: neither empty nor 0. */
function isSaid(templates: readonly Template[], exchange: Exchange): boolean {
  return templates.some((template) => {
    const text = template(exchange);
    return text !== '' && text !== '0';
  });
}
