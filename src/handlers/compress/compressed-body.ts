import type { Exchange, Producer } from '../exchange.ts';
import type { Encoder } from './encodings.ts';
import type { Choice } from './rules.ts';
import { threadGate } from './thread-gate.ts';

/** What the producer may be ahead of the encoder. */
const MAX_PENDING_BYTES = 64 << 10;
/** A producer that is silent for so long gets sent what it has given. */
const FLUSH_AFTER_MS = 10;
/** Each has tables of 256 kB and more. Beyond, responses are sent as they are. */
const MAX_AT_ONCE = 128;
const EMPTY = Buffer.alloc(0);

let running = 0;

/**
 * A body that is compressed on its way, a piece at a time, each in another thread. Memory stays within what the producer may be ahead, since one that is
 * faster than the encoder or the client is told to wait. One that is slower, and whose client waits for what there is, is flushed.
 */
export class CompressedBody implements Producer {
  readonly isWaiting = false;
  readonly #exchange: Exchange;
  readonly #producer: Producer | null;
  readonly #encoder: Encoder;
  readonly #flushKind: number;
  readonly #flushAfterMs: number;
  readonly #pending: Buffer[] = [];
  #pendingBytes = 0;
  /** The producer has given its last. */
  #isComplete = false;
  #isBusy = false;
  /** The encoder holds back what it has been given. */
  #isDirty = false;
  #isEnding = false;
  #isOver = false;
  #isClientSlow = false;
  #isProducerPaused = false;
  #flushTimer: NodeJS.Timeout | null = null;
  /** Gives back the turn in another thread. */
  #release: (() => void) | null = null;
  /** What comes last goes with the end. */
  #last: Buffer = EMPTY;

  static get areTooMany(): boolean {
    return running >= MAX_AT_ONCE || threadGate.isCrowded;
  }

  /** `exchange`: where the response has begun, or is about to. `isLive`: each piece is flushed. */
  constructor(exchange: Exchange, producer: Producer | null, choice: Choice, size: number, isLive: boolean) {
    running += 1;
    this.#exchange = exchange;
    this.#producer = producer;
    this.#flushKind = choice.encoding.flushKind;
    this.#flushAfterMs = isLive ? 0 : FLUSH_AFTER_MS;
    this.#encoder = choice.encoding.encoder(choice.level, size);
    this.#encoder.on('data', (piece: Buffer) => this.#send(piece));
    this.#encoder.on('end', () => this.#finish());
    this.#encoder.on('error', () => {
      if (this.#isOver) return;
      this.#close();
      this.#exchange.abort();
    });
  }

  write(piece: Buffer, isEnd: boolean): void {
    if (this.#isOver) return;
    if (piece.length > 0) {
      this.#pending.push(piece);
      this.#pendingBytes += piece.length;
    }
    this.#isComplete ||= isEnd;
    this.#holdProducer();
    this.#goOn();
  }

  /** The response is broken off. */
  discard(): void {
    this.#close();
  }

  #goOn(): void {
    if (this.#isBusy || this.#isOver || this.#isEnding || this.#isClientSlow) return;
    const piece = this.#pending.shift();
    if (piece !== undefined) {
      this.#pendingBytes -= piece.length;
      this.#isDirty = true;
      this.#work((done) => this.#encoder.write(piece, done));
      this.#holdProducer();
    } else if (this.#isComplete) {
      this.#isEnding = true;
      this.#work((done) => {
        this.#encoder.once('close', done);
        this.#encoder.end();
      });
    } else if (this.#isDirty) {
      this.#flushSoon();
    }
  }

  #work(begin: (done: () => void) => void): void {
    this.#isBusy = true;
    if (this.#flushTimer !== null) clearTimeout(this.#flushTimer);
    this.#flushTimer = null;
    threadGate.ask((done) => {
      // It may have waited for its turn in vain.
      if (this.#isOver) {
        done();
        return;
      }
      this.#release = done;
      begin(() => {
        done();
        this.#isBusy = false;
        this.#goOn();
      });
    });
  }

  #flushSoon(): void {
    if (this.#flushAfterMs === 0) this.#flush();
    else this.#flushTimer ??= setTimeout(() => this.#flush(), this.#flushAfterMs);
  }

  #flush(): void {
    this.#flushTimer = null;
    if (this.#isBusy || this.#isOver) return;
    this.#isDirty = false;
    this.#work((done) => this.#encoder.flush(this.#flushKind, done));
  }

  #send(piece: Buffer): void {
    if (this.#isOver) return;
    if (!this.#isEnding) {
      this.#exchange.write(piece, false);
      return;
    }
    if (this.#last.length > 0) this.#exchange.write(this.#last, false);
    this.#last = piece;
  }

  #finish(): void {
    if (this.#isOver) return;
    this.#close();
    this.#exchange.write(this.#last, true);
  }

  #close(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    running -= 1;
    if (this.#flushTimer !== null) clearTimeout(this.#flushTimer);
    this.#pending.length = 0;
    this.#release?.();
    this.#encoder.destroy();
  }

  // --- Producer: the client's pace, for who gives the pieces ---

  pause(): void {
    this.#isClientSlow = true;
    this.#holdProducer();
  }

  resume(): void {
    this.#isClientSlow = false;
    this.#goOn();
    this.#holdProducer();
  }

  #holdProducer(): void {
    const mustWait = this.#isClientSlow || this.#pendingBytes > MAX_PENDING_BYTES;
    if (mustWait === this.#isProducerPaused || this.#isOver) return;
    this.#isProducerPaused = mustWait;
    if (mustWait) this.#producer?.pause();
    else this.#producer?.resume();
  }

  cancel(): void {
    this.#close();
    this.#producer?.cancel();
  }

  clientEnded(): void {
    this.#producer?.clientEnded?.();
  }
}
