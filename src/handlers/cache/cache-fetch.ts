import { freshen } from '../../protocol/caching/freshen.ts';
import { mayHideError } from '../../protocol/caching/reuse.ts';
import { judge } from '../../protocol/caching/storability.ts';
import type { StoredFacts } from '../../protocol/caching/stored-facts.ts';
import { ResponseHead } from '../../protocol/http1/response-head.ts';
import { RESPONSE_FLAG } from '../../protocol/lane/frames.ts';
import type { Exchange, FileBody, HeadEdit, Producer } from '../exchange.ts';
import { refusalPage } from '../refusal-page.ts';
import type { EntryWriter } from './cache-store.ts';
import { DetachedExchange } from './detached-exchange.ts';
import type { FetchOptions, Leader, Outcome, Waiter } from './fetch-outcome.ts';
import { clean, lengthOf, withStatus } from './fetched-head.ts';
import { FilePump } from './file-pump.ts';
import { addDate, type Described, StoredResponse } from './stored-response.ts';

/** RFC 5861 4: these say that whoever makes it cannot. */
const ERRORS = new Set([500, 502, 503, 504]);

/**
 * One request to whoever makes responses, and what becomes of its answer: it is stored while it goes to the client who asked first, and those
 * who have asked for the same meanwhile get it when it is complete. It goes on without its client as long as somebody waits for it.
 */
export class CacheFetch extends DetachedExchange {
  readonly key: string;
  readonly #options: FetchOptions;
  readonly #askedMs = Date.now();
  #leader: Leader | null;
  readonly #waiters = new Set<Waiter>();
  #isStorable = true;
  #writer: EntryWriter | null = null;
  #described: Described | null = null;
  #base: Exchange | null = null;
  #hasBegun = false;
  /** The leader gets the response as it comes. */
  #isStreaming = false;
  /** Everybody has been answered otherwise. */
  #isSettled = false;
  #isLeaderFull = false;
  /** It goes on though nobody waits for it. */
  #isForItself: boolean;
  #hasPaused = false;

  constructor(options: FetchOptions) {
    super(options.from, options.head, options.cache);
    this.#options = options;
    this.key = options.key;
    this.#leader = options.leader;
    this.#isForItself = options.leader === null;
    if (this.#leader !== null) this.#leader.exchange.producer = this.#producerFor(this.#leader);
    options.cache.inFlight.set(options.id, this);
    options.cache.fetches.add(this);
  }

  // --- those who want it ---

  wait(waiter: Waiter): void {
    this.#waiters.add(waiter);
  }

  leave(waiter: Waiter): void {
    this.#waiters.delete(waiter);
    this.#endIfUnwanted();
  }

  /** What it asked for has been changed meanwhile. */
  storeNothing(): void {
    this.#isStorable = false;
    this.#dropWriter();
    this.#forget();
  }

  #producerFor(leader: Leader): Producer {
    const inner = () => this.producer;
    return {
      get isWaiting() {
        return inner()?.isWaiting ?? true;
      },
      pause: () => {
        this.#isLeaderFull = true;
        this.#balance();
      },
      resume: () => {
        this.#isLeaderFull = false;
        this.#balance();
      },
      cancel: () => {
        if (this.#leader !== leader) return;
        this.#leader = null;
        this.#isStreaming = false;
        this.#isLeaderFull = false;
        this.#balance();
        this.#endIfUnwanted();
      },
      clientEnded: () => {
        if (this.#waiters.size === 0) inner()?.clientEnded?.();
      },
    };
  }

  #endIfUnwanted(): void {
    if (this.isOver || this.#isForItself || this.#leader !== null || this.#waiters.size > 0) return;
    const { producer } = this;
    this.#dropWriter();
    this.#finish();
    producer?.cancel();
  }

  /** Whoever produces it waits for the client, and for the disk. */
  #balance(): void {
    const mustWait = this.#isLeaderFull || (this.#writer?.isFull ?? false);
    if (mustWait === this.#hasPaused || this.isOver) return;
    this.#hasPaused = mustWait;
    if (mustWait) this.producer?.pause();
    else this.producer?.resume();
  }

  // --- Exchange ---

  protected override get client(): Exchange | null {
    return this.#leader?.exchange ?? null;
  }

  /** Another route answers: what it says holds, and not what is said about this cache. */
  override get base(): Exchange {
    this.#base ??= this.#handOn();
    return this.#base;
  }

  #handOn(): Exchange {
    const leader = this.#leader;
    this.storeNothing();
    // Nobody asks but this cache, which the other route may use, too: see CacheHandler.
    if (leader === null) return this;
    this.#leader = null;
    leader.exchange.producer = null;
    this.#tell({ kind: 'passed' });
    this.#finish();
    return leader.exchange.base;
  }

  override respond(text: string, flags: number, body: string | Buffer): void {
    if (this.isOver || this.#hasBegun) return;
    this.producer = null;
    const head = this.#begin(text, flags, body.length);
    if (head === null) {
      this.#finish();
      return;
    }
    const bytes = typeof body === 'string' ? Buffer.from(body, 'latin1') : body;
    this.#store(bytes);
    if (this.#isStreaming) this.#leader?.exchange.respond(head.text, head.flags, body);
    this.#complete();
  }

  override begin(text: string, flags: number, body: Buffer, isEnd: boolean): void {
    if (this.isOver || this.#hasBegun) return;
    if (isEnd) this.producer = null;
    const head = this.#begin(text, flags, isEnd ? body.length : null);
    if (head === null) {
      if (isEnd) this.#finish();
      return;
    }
    this.#store(body);
    if (this.#isStreaming && !isEnd && this.#leader?.exchange.head.method === 'HEAD') this.#answerHead(head);
    if (this.#isStreaming) this.#leader?.exchange.begin(head.text, head.flags, body, isEnd);
    if (isEnd) this.#complete();
    else this.#balance();
  }

  override write(body: Buffer, isEnd: boolean): void {
    if (this.isOver) return;
    if (isEnd) this.producer = null;
    if (this.#isSettled) {
      if (isEnd) this.#finish();
      return;
    }
    this.#store(body);
    if (this.#isStreaming) this.#leader?.exchange.write(body, isEnd);
    if (isEnd) this.#complete();
    else this.#balance();
  }

  override respondFile(text: string, flags: number, body: FileBody): void {
    if (this.isOver || this.#hasBegun) {
      body.opened?.();
      return;
    }
    const before = this.producer;
    let hasBegun = false;
    const pump = new FilePump(body, {
      begun: () => {},
      piece: (bytes, isEnd) => {
        if (hasBegun) this.write(bytes, isEnd);
        else this.begin(text, flags | RESPONSE_FLAG.length, bytes, isEnd);
        hasBegun = true;
      },
      failed: (isHalf) => {
        before?.cancel();
        if (isHalf && hasBegun) this.abort();
        else this.refuse(502);
      },
    });
    this.producer = pump;
    // Nothing says that the length is among the fields.
    if ((flags & RESPONSE_FLAG.length) === 0) text += `Content-Length: ${body.length}\r\n`;
    pump.start();
  }

  override abort(): void {
    if (this.isOver) return;
    if (!this.#hasBegun) {
      this.refuse(502);
      return;
    }
    this.#dropWriter();
    // Those who are told ask again, and not this one.
    this.#forget();
    const leader = this.#leader;
    if (this.#isStreaming) leader?.exchange.abort();
    else if (!this.#isSettled) leader?.settle({ kind: 'broken' });
    this.#tell({ kind: 'broken' });
    this.#finish();
  }

  override refuse(status: number, reason = '', extraFields = '', edit: HeadEdit | null = null): void {
    if (this.isOver) return;
    if (this.#hasBegun) {
      this.abort();
      return;
    }
    const { head, body } = refusalPage(status, reason, extraFields, edit);
    const { stored } = this.#options;
    const isHidden = stored !== null && this.#mayHide(stored, status);
    const isWanted = status < 500 && this.#isStorable && this.#judge(head) !== null;
    if (isHidden || isWanted) {
      this.respond(head.text, head.flags, body);
      return;
    }
    this.#hasBegun = true;
    this.#forget();
    if (stored !== null && status < 500) this.#options.cache.store.delete(stored);
    const outcome: Outcome = { kind: 'refused', status, reason, fields: extraFields, edit };
    this.#leader?.settle(outcome);
    this.#tell(outcome);
    this.#finish();
  }

  // --- what becomes of it ---

  /** Null: everybody is answered otherwise. `bodyBytes`: null where that is not known. */
  #begin(text: string, flags: number, bodyBytes: number | null): ResponseHead | null {
    this.#hasBegun = true;
    const head = new ResponseHead(text, flags);
    const { stored, cache, id } = this.#options;
    if (stored !== null && head.status === 304) {
      this.#renew(stored, head);
      return null;
    }
    if (stored !== null && this.#mayHide(stored, head.status)) {
      this.#settleAll({ kind: 'stale', stored });
      return null;
    }
    const facts = this.#isStorable ? this.#judge(head) : null;
    clean(head);
    const length = bodyBytes ?? lengthOf(head);
    if (facts !== null && (length === null || length <= this.#options.maxEntryBytes)) {
      this.#described = { facts, head: head.text, flags: head.flags };
      this.#writer = cache.store.begin(this.key, this.#options.maxEntryBytes);
      this.#writer.drained = () => this.#balance();
    } else {
      // What was there is not what is there now.
      if (stored !== null && head.status < 500) cache.store.delete(stored);
      if (head.status < 500) cache.notePassed(id, performance.now());
      this.#forget();
      this.#tell({ kind: 'passed' });
    }
    this.#beginLeader(head);
    this.#endIfUnwanted();
    return this.isOver ? null : head;
  }

  #beginLeader(head: ResponseHead): void {
    const leader = this.#leader;
    if (leader === null) return;
    const isStored = this.#writer !== null;
    const takes = leader.takes(head, this.#described?.facts ?? null);
    if (takes === 'streams') {
      this.#isStreaming = true;
      head.text += leader.fieldsFor(head, isStored);
    } else if (takes === 'answered' || takes === 'asks-himself') {
      this.#leader = null;
      if (takes === 'asks-himself') leader.settle({ kind: 'passed' });
      // What is half made is worth being stored.
      this.#isForItself = isStored;
    }
  }

  /** The body that is to come is nothing to him. */
  #answerHead({ text, flags }: ResponseHead): void {
    const leader = this.#leader as Leader;
    this.#leader = null;
    this.#isStreaming = false;
    this.#isForItself = this.#writer !== null;
    leader.exchange.producer = null;
    leader.exchange.respond(text, flags, '');
    this.#endIfUnwanted();
  }

  #judge(head: ResponseHead): StoredFacts | null {
    const { asked, policy } = this.#options;
    return judge(head, { ...asked, askedMs: this.#askedMs, receivedMs: Date.now() }, policy);
  }

  #mayHide(stored: StoredResponse, status: number): boolean {
    return ERRORS.has(status) && mayHideError(stored.facts, this.#options.asked.directives, Date.now());
  }

  /** RFC 9111 4.3.4. */
  #renew(stored: StoredResponse, validated: ResponseHead): void {
    const { cache } = this.#options;
    const head = new ResponseHead(stored.head, stored.flags);
    clean(validated);
    addDate(validated);
    freshen(head, validated);
    const facts = this.#judge(withStatus(head, stored.facts.status));
    if (facts === null || !this.#isStorable) {
      const renewed = { facts: stored.facts, head: head.text, flags: head.flags };
      // The body is let go with what was stored, but this once.
      const once = new StoredResponse(this.key, renewed, { ...stored.body }, stored.bodyBytes, 0);
      this.#leader?.settle({ kind: 'stored', stored: once });
      this.#leader = null;
      cache.store.delete(stored);
      this.#settleAll({ kind: 'passed' });
      return;
    }
    cache.store.renew(stored, { facts, head: head.text, flags: head.flags });
    this.#settleAll({ kind: 'stored', stored });
  }

  #store(bytes: Buffer): void {
    if (this.#writer === null || bytes.length === 0) return;
    if (this.#writer.write(bytes)) return;
    this.#dropWriter();
    this.#options.cache.notePassed(this.#options.id, performance.now());
    this.#giveUpStoring();
  }

  /** It is too large after all. */
  #giveUpStoring(): void {
    this.#forget();
    this.#tell({ kind: 'passed' });
    if (this.#isStreaming) return;
    this.#leader?.settle({ kind: 'passed' });
    this.#leader = null;
    this.#isForItself = false;
    this.#endIfUnwanted();
  }

  #complete(): void {
    const writer = this.#writer;
    const described = this.#described;
    const { cache, id } = this.#options;
    if (writer === null || described === null) {
      this.#settleAll({ kind: 'passed' });
      this.#finish();
      return;
    }
    this.#writer = null;
    if (this.#isStreaming) this.#leader = null;
    writer.finish(described, (stored) => {
      if (stored === null || !this.#isStorable) {
        if (stored !== null) cache.store.delete(stored);
        this.#settleAll({ kind: 'passed' });
      } else {
        cache.noteStored(id);
        this.#settleAll({ kind: 'stored', stored });
      }
      this.#finish();
    });
  }

  /** The leader, unless he gets the response as it comes, and those who wait. */
  #settleAll(outcome: Outcome): void {
    this.#isSettled = true;
    this.#forget();
    const leader = this.#leader;
    this.#leader = null;
    if (!this.#isStreaming) leader?.settle(outcome);
    this.#tell(outcome);
  }

  #tell(outcome: Outcome): void {
    const waiters = [...this.#waiters];
    this.#waiters.clear();
    for (const waiter of waiters) waiter.settle(outcome);
  }

  #dropWriter(): void {
    this.#writer?.discard();
    this.#writer = null;
    this.#described = null;
  }

  /** Nobody else shall wait for it. */
  #forget(): void {
    const { cache, id } = this.#options;
    if (cache.inFlight.get(id) === this) cache.inFlight.delete(id);
  }

  #finish(): void {
    if (this.isOver) return;
    this.#forget();
    this.#options.cache.fetches.delete(this);
    this.end();
  }
}
