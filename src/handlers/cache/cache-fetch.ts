import { freshen } from '../../protocol/caching/freshen.ts';
import { mayHideError } from '../../protocol/caching/reuse.ts';
import { judge } from '../../protocol/caching/storability.ts';
import type { StoredFacts } from '../../protocol/caching/stored-facts.ts';
import { ResponseHead } from '../../protocol/http1/response-head.ts';
import { RESPONSE_FLAG } from '../../protocol/lane/frames.ts';
import type { Exchange, FileBody, HeadEdit } from '../exchange.ts';
import { FileSource } from '../files/file-source.ts';
import { letGo, openBody } from '../files/open-body.ts';
import { refusalPage } from '../refusal-page.ts';
import type { EntryWriter } from './cache-store.ts';
import { DetachedExchange } from './detached-exchange.ts';
import { FetchAudience } from './fetch-audience.ts';
import type { FetchOptions, Outcome, Waiter } from './fetch-outcome.ts';
import { clean, lengthOf, withStatus } from './fetched-head.ts';
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
  readonly #audience: FetchAudience;
  readonly #askedMs = Date.now();
  #isStorable = true;
  #writer: EntryWriter | null = null;
  #described: Described | null = null;
  #base: Exchange | null = null;
  #hasBegun = false;
  #hasPaused = false;
  /** All of it has come, and is on its way to the store. */
  #isComplete = false;

  constructor(options: FetchOptions) {
    super(options.from, options.head, options.cache);
    this.#options = options;
    this.key = options.key;
    this.#audience = new FetchAudience(options.leader, {
      producer: () => this.producer,
      paced: () => this.#balance(),
      left: () => this.#endIfUnwanted(),
    });
    options.cache.inFlight.set(options.id, this);
    options.cache.fetches.add(this);
  }

  // --- those who want it ---

  wait(waiter: Waiter): void {
    this.#audience.wait(waiter);
  }

  leave(waiter: Waiter): void {
    this.#audience.leave(waiter);
  }

  /** What it asked for has been changed meanwhile. */
  storeNothing(): void {
    this.#isStorable = false;
    this.#dropWriter();
    this.#forget();
  }

  #endIfUnwanted(): void {
    if (this.isOver || this.#isComplete || !this.#audience.isGone) return;
    const { producer } = this;
    this.#dropWriter();
    this.#finish();
    producer?.cancel();
  }

  /** Whoever produces it waits for the client, and for the disk. */
  #balance(): void {
    const mustWait = this.#audience.isFull || (this.#writer?.isFull ?? false);
    if (mustWait === this.#hasPaused || this.isOver) return;
    this.#hasPaused = mustWait;
    if (mustWait) this.producer?.pause();
    else this.producer?.resume();
  }

  // --- Exchange ---

  protected override get client(): Exchange | null {
    return this.#audience.client;
  }

  /** Another route answers: what it says holds, and not what is said about this cache. */
  override get base(): Exchange {
    this.#base ??= this.#handOn();
    return this.#base;
  }

  #handOn(): Exchange {
    this.storeNothing();
    const exchange = this.#audience.release();
    // Nobody asks but this cache, which the other route may use, too: see CacheHandler.
    if (exchange === null) return this;
    this.#audience.tellWaiters({ kind: 'passed' });
    this.#finish();
    return exchange.base;
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
    this.#audience.respond(head, body);
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
    this.#audience.begin(head, body, isEnd, this.#writer !== null);
    this.#endIfUnwanted();
    if (isEnd) this.#complete();
    else this.#balance();
  }

  override write(body: Buffer, isEnd: boolean): void {
    if (this.isOver) return;
    if (isEnd) this.producer = null;
    if (this.#audience.isSettled) {
      if (isEnd) this.#finish();
      return;
    }
    this.#store(body);
    this.#audience.write(body, isEnd);
    if (isEnd) this.#complete();
    else this.#balance();
  }

  override respondFile(text: string, flags: number, body: FileBody): void {
    if (this.isOver || this.#hasBegun) {
      body.opened?.();
      return;
    }
    const before = this.producer;
    const fail = () => {
      before?.cancel();
      if (this.#hasBegun) this.abort();
      else this.refuse(502);
    };
    // Nothing says that the length is among the fields.
    if ((flags & RESPONSE_FLAG.length) === 0) text += `Content-Length: ${body.length}\r\n`;
    const sink = {
      write: (piece: Buffer, isEnd: boolean) => {
        if (this.#hasBegun) this.write(piece, isEnd);
        else this.begin(text, flags | RESPONSE_FLAG.length, piece, isEnd);
      },
    };
    openBody(body, (error, fd) => {
      if (this.isOver) {
        if (error === null) letGo(body, fd);
      } else if (error !== null) {
        fail();
      } else {
        const source = new FileSource(body, fd, sink, fail);
        this.producer = source;
        if (this.#hasPaused) source.pause();
        source.start();
      }
    });
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
    this.#audience.breakOff();
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
    this.#audience.settle({ kind: 'refused', status, reason, fields: extraFields, edit });
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
    const fits = length === null || length <= this.#options.maxEntryBytes;
    const writer = facts !== null && fits ? cache.store.begin(this.key, this.#options.maxEntryBytes) : null;
    if (facts !== null && writer !== null) {
      this.#described = { facts, head: head.text, flags: head.flags };
      this.#writer = writer;
      writer.drained = () => this.#balance();
    } else {
      // What was there is not what is there now.
      if (stored !== null && head.status < 500) cache.store.delete(stored);
      if (head.status < 500) cache.notePassed(id, performance.now());
      this.#forget();
      this.#audience.tellWaiters({ kind: 'passed' });
    }
    this.#audience.meet(head, this.#described?.facts ?? null);
    this.#endIfUnwanted();
    return this.isOver ? null : head;
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
      this.#audience.settleLeader({ kind: 'stored', stored: once });
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
    // It is too large after all, or the disk fails.
    this.#dropWriter();
    this.#options.cache.notePassed(this.#options.id, performance.now());
    this.#forget();
    this.#audience.giveUp();
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
    this.#isComplete = true;
    this.#audience.endStream();
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

  #settleAll(outcome: Outcome): void {
    this.#forget();
    this.#audience.settle(outcome);
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
