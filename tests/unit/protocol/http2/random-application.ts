import assert from 'node:assert/strict';
import { ERROR } from '../../../../src/protocol/http2/frames.ts';
import type { Session } from '../../../../src/protocol/http2/session.ts';
import type { Stream, StreamTaker } from '../../../../src/protocol/http2/stream.ts';
import type { Random } from '../../../support/random.ts';
import { numberedBytes } from './numbered-bytes.ts';

/** What becomes of one request: whoever has the stream is told everything once, in its order. */
class RandomExchange implements StreamTaker {
  readonly #session: Session;
  readonly #random: Random;
  readonly stream: Stream;
  readonly bodyBytes: number;
  readonly #responseBytes: number;
  /** It answers when it has the whole request. */
  readonly isPatient: boolean;
  receivedBytes = 0;
  hasEnded = false;
  isClosed = false;
  isResponseWhole = false;
  /** It takes what is left of a request that was answered. */
  isDiscarding = false;
  #hasHead = false;
  #queuedBytes = 0;
  #hasSaidEnd = false;
  pieces = 0;
  piecesTaken = 0;

  constructor(session: Session, random: Random, stream: Stream, bodyBytes: number) {
    this.#session = session;
    this.#random = random;
    this.stream = stream;
    this.bodyBytes = bodyBytes;
    this.#responseBytes = random.chance(0.2) ? 0 : random.below(random.of([100, 20_000, 200_000]));
    this.isPatient = random.chance(0.7);
  }

  // --- the request ---

  takeData(bytes: Buffer): void {
    assert.ok(!this.isClosed && !this.hasEnded, 'data after the end');
    assert.ok(bytes.equals(numberedBytes(this.stream.id, this.receivedBytes, bytes.length)), 'other data');
    this.receivedBytes += bytes.length;
    if (!this.isDiscarding && this.#random.chance(0.2)) this.#session.pause(this.stream);
    if (this.#random.chance(0.05)) this.act();
  }

  takeEnd(): void {
    assert.ok(!this.isClosed && !this.hasEnded, 'a second end');
    assert.equal(this.receivedBytes, this.bodyBytes, 'the body is not whole');
    this.hasEnded = true;
    if (this.#random.chance(0.3)) this.act();
  }

  noteSent(): void {
    assert.ok(!this.isClosed, 'something was sent of a stream that is closed');
    if (this.#random.chance(0.1)) this.act();
  }

  takeClose(): void {
    assert.ok(!this.isClosed, 'closed twice');
    this.isClosed = true;
  }

  // --- the response ---

  /** Whatever comes next, or nothing. */
  act(): void {
    const { stream } = this;
    const random = this.#random;
    const session = this.#session;
    if (this.isClosed) return;
    if (random.chance(0.01)) {
      session.reset(stream, random.of([ERROR.none, ERROR.internal, ERROR.cancel]));
      return;
    }
    if (random.chance(0.5)) session.read(stream);
    if (this.isClosed || this.isDiscarding || (this.isPatient && !this.hasEnded)) return;
    if (!this.#hasHead) this.#begin();
    else this.#goOn();
  }

  #begin(): void {
    const { stream } = this;
    const session = this.#session;
    const random = this.#random;
    const bytes = this.#responseBytes;
    this.#hasHead = true;
    const large = random.chance(0.03) ? `X-Large: ${'x'.repeat(random.below(100_000))}\r\n` : '';
    const head = `200 OK\r\nServer: kirin\r\nX-Own: ${random.below(5)}\r\n${large}`;
    const isEnd = bytes === 0 && random.chance(0.5);
    if (isEnd) this.isResponseWhole = true;
    session.sendHead(stream, 200, head, `X-Stream: ${stream.id}\r\nX-Response: ${bytes}\r\n`, isEnd);
    if (isEnd || bytes === 0 || random.chance(0.4)) {
      this.#hasSaidEnd = isEnd;
      return;
    }
    const content = numberedBytes(stream.id, 0, bytes);
    this.isResponseWhole = session.sender.sendAtOnce(
      stream,
      random.chance(0.5) ? content : content.toString('latin1'),
    );
    this.#hasSaidEnd = this.isResponseWhole;
  }

  #goOn(): void {
    const { stream } = this;
    const random = this.#random;
    const { sender } = this.#session;
    const rest = this.#responseBytes - this.#queuedBytes;
    if (rest === 0) {
      this.#end();
      return;
    }
    const length = random.chance(0.3) ? rest : random.between(1, Math.min(rest, 30_000));
    const piece = Buffer.from(numberedBytes(stream.id, this.#queuedBytes, length));
    this.#queuedBytes += length;
    this.pieces += 1;
    let isTaken = false;
    sender.send(stream, piece, (error) => {
      assert.ok(!isTaken, 'taken twice');
      isTaken = true;
      this.piecesTaken += 1;
      // Nobody may read it any more.
      piece.fill(0xee);
      if (error === null && random.chance(0.5)) this.act();
      else if (error !== null) assert.ok(stream.isClosed, 'given up, but not closed');
    });
    if (this.#queuedBytes === this.#responseBytes && random.chance(0.5)) this.#end();
  }

  #end(): void {
    if (this.#hasSaidEnd || this.isClosed) return;
    this.#hasSaidEnd = true;
    this.isResponseWhole = true;
    this.#session.sender.end(this.stream);
  }
}

/** Answers requests at random, in pieces, early or late, or not at all. */
export class RandomApplication {
  readonly #random: Random;
  readonly exchanges = new Map<number, RandomExchange>();

  constructor(random: Random) {
    this.#random = random;
  }

  request(session: Session, stream: Stream, fields: readonly string[]): void {
    const field = (name: string) => fields[fields.indexOf(name) + 1] as string;
    assert.equal(field(':path'), `/${stream.id}`);
    if (fields.includes('content-length')) stream.declaredBytes = Number(field('content-length'));
    const exchange = new RandomExchange(session, this.#random, stream, Number(field('x-body')));
    assert.ok(!this.exchanges.has(stream.id), 'a request came twice');
    this.exchanges.set(stream.id, exchange);
    stream.taker = exchange;
    if (this.#random.chance(0.6)) session.read(stream);
    if (this.#random.chance(0.3)) exchange.act();
  }

  answered(session: Session, stream: Stream): void {
    const exchange = this.exchanges.get(stream.id);
    assert.ok(exchange !== undefined && !exchange.isClosed && !exchange.isDiscarding);
    exchange.isDiscarding = true;
    session.read(stream);
  }

  get open(): RandomExchange[] {
    return [...this.exchanges.values()].filter(({ isClosed }) => !isClosed);
  }

  act(): void {
    const { open } = this;
    if (open.length > 0) this.#random.of(open).act();
  }

  finish(): void {
    for (const exchange of this.open) exchange.act();
  }
}
