import type { StoredFacts } from '../../protocol/caching/stored-facts.ts';
import type { ResponseHead } from '../../protocol/http1/response-head.ts';
import type { Exchange, Producer } from '../exchange.ts';
import type { Leader, Outcome, Waiter } from './fetch-outcome.ts';

export interface AudienceEvents {
  /** Who makes the response, at that time. */
  producer(): Producer | null;
  /** `isFull` has changed. */
  paced(): void;
  /** Somebody does not want it any more. */
  left(): void;
}

/** Who wants what one fetch brings: the client who asked first, and may get it as it comes, and those who have asked for the same meanwhile. */
export class FetchAudience {
  /** Everybody has been answered otherwise than by what still comes. */
  isSettled = false;
  /** Who makes the response is to wait for the leader. */
  isFull = false;
  #leader: Leader | null;
  readonly #waiters = new Set<Waiter>();
  /** The leader gets the response as it comes. */
  #isStreaming = false;
  /** It is wanted though nobody waits for it. */
  #isForItself: boolean;
  readonly #events: AudienceEvents;

  constructor(leader: Leader | null, events: AudienceEvents) {
    this.#leader = leader;
    this.#isForItself = leader === null;
    this.#events = events;
    if (leader !== null) leader.exchange.producer = this.#producerFor(leader);
  }

  #producerFor(leader: Leader): Producer {
    const events = this.#events;
    return {
      get isWaiting() {
        return events.producer()?.isWaiting ?? true;
      },
      pause: () => {
        this.isFull = true;
        events.paced();
      },
      resume: () => {
        this.isFull = false;
        events.paced();
      },
      cancel: () => {
        if (this.#leader !== leader) return;
        this.#leader = null;
        this.#isStreaming = false;
        this.isFull = false;
        events.paced();
        events.left();
      },
      clientEnded: () => {
        if (this.#waiters.size === 0) events.producer()?.clientEnded?.();
      },
    };
  }

  get client(): Exchange | null {
    return this.#leader?.exchange ?? null;
  }

  get isGone(): boolean {
    return !this.#isForItself && this.#leader === null && this.#waiters.size === 0;
  }

  wait(waiter: Waiter): void {
    this.#waiters.add(waiter);
  }

  leave(waiter: Waiter): void {
    this.#waiters.delete(waiter);
    this.#events.left();
  }

  /** The leader's exchange, which somebody else answers from now on; null: there is none. */
  release(): Exchange | null {
    const leader = this.#leader;
    if (leader === null) return null;
    this.#leader = null;
    leader.exchange.producer = null;
    return leader.exchange;
  }

  // --- the response, as it comes ---

  /** The leader says how he takes it. @param facts null: it is nothing to be stored */
  meet(head: ResponseHead, facts: StoredFacts | null): void {
    const leader = this.#leader;
    if (leader === null) return;
    const isStored = facts !== null;
    const takes = leader.takes(head, facts);
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

  respond({ text, flags }: ResponseHead, body: string | Buffer): void {
    if (this.#isStreaming) this.#leader?.exchange.respond(text, flags, body);
  }

  begin({ text, flags }: ResponseHead, body: Buffer, isEnd: boolean, isStored: boolean): void {
    const leader = this.#leader;
    if (!this.#isStreaming || leader === null) return;
    const { exchange } = leader;
    if (isEnd || exchange.head.method !== 'HEAD') {
      exchange.begin(text, flags, body, isEnd);
      return;
    }
    // The body that is to come is nothing to him.
    this.#leader = null;
    this.#isStreaming = false;
    this.#isForItself = isStored;
    exchange.producer = null;
    exchange.respond(text, flags, '');
  }

  write(body: Buffer, isEnd: boolean): void {
    if (this.#isStreaming) this.#leader?.exchange.write(body, isEnd);
  }

  /** All of it has come: whoever got it so is not told what it comes to. */
  endStream(): void {
    if (this.#isStreaming) this.#leader = null;
  }

  breakOff(): void {
    const leader = this.#leader;
    if (this.#isStreaming) leader?.exchange.abort();
    else if (!this.isSettled) leader?.settle({ kind: 'broken' });
    this.tellWaiters({ kind: 'broken' });
  }

  // --- what it comes to ---

  /** Nothing is stored after all: whoever has got nothing yet asks for himself. */
  giveUp(): void {
    this.tellWaiters({ kind: 'passed' });
    if (this.#isStreaming) return;
    this.settleLeader({ kind: 'passed' });
    this.#isForItself = false;
  }

  /** The leader, unless he gets the response as it comes, and those who wait. */
  settle(outcome: Outcome): void {
    this.isSettled = true;
    this.settleLeader(outcome);
    this.tellWaiters(outcome);
  }

  settleLeader(outcome: Outcome): void {
    const leader = this.#leader;
    this.#leader = null;
    if (!this.#isStreaming) leader?.settle(outcome);
  }

  tellWaiters(outcome: Outcome): void {
    const waiters = [...this.#waiters];
    this.#waiters.clear();
    for (const waiter of waiters) waiter.settle(outcome);
  }
}
