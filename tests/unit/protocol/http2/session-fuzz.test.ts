// KIRIN_FUZZ_CASES and KIRIN_FUZZ_SEED change how many cases there are, and which.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Stream } from '../../../../src/protocol/http2/stream.ts';
import { ERROR, FLAG, FRAME, type Frame } from '../../../support/http2-frames.ts';
import { Random } from '../../../support/random.ts';
import { singleBytes } from './frame-log.ts';
import { mutatedTraffic, randomBytes, randomPieces, recordedTraffic, wildTraffic } from './fuzz-traffic.ts';
import { START, TestSession } from './test-session.ts';

const CASES = Number(process.env.KIRIN_FUZZ_CASES ?? 4000);
const SEED = Number(process.env.KIRIN_FUZZ_SEED ?? 20250101);
const RECORDED = 20;
const LIMITS = {
  maxConcurrentStreams: 6,
  initialWindowBytes: 65_535,
  maxFrameBytes: 16_384,
  maxHeadBytes: 16_384,
};

const corpus = Array.from({ length: RECORDED }, (_, index) =>
  recordedTraffic(new Random(SEED + index), 10 * (index + 1)),
);

function forEachCase(cases: number, check: (bytes: Buffer, random: Random) => void): void {
  const random = new Random(SEED);
  for (let number = 0; number < cases; number++) {
    const bytes = random.weighted({ mutated: 8, wild: 3, bytes: 1 });
    const input =
      bytes === 'mutated'
        ? mutatedTraffic(random.of(corpus), corpus, random)
        : bytes === 'wild'
          ? wildTraffic(random)
          : Buffer.concat([START, randomBytes(random, random.below(300))]);
    try {
      check(input, random.fork());
    } catch (cause) {
      throw new Error(`case ${number} of seed ${SEED}: ${input.toString('base64').slice(0, 4000)}`, {
        cause,
      });
    }
  }
}

/** Does whatever may be done with a stream, also when it is over. */
class WildExchange {
  readonly stream: Stream;
  readonly #test: TestSession;
  #next: 'head' | 'data' | 'nothing' = 'head';

  constructor(test: TestSession, stream: Stream) {
    this.#test = test;
    this.stream = stream;
  }

  act(random: Random): void {
    const { session } = this.#test;
    const { stream } = this;
    const what = random.weighted({ read: 3, pause: 1, reset: 0.3, answer: 3 });
    if (what === 'read') session.read(stream);
    else if (what === 'pause') session.pause(stream);
    else if (what === 'reset') session.reset(stream, ERROR.cancel);
    else if (this.#next === 'head') {
      this.#next = random.chance(0.3) ? 'nothing' : 'data';
      session.sendHead(stream, 200, '200 OK\r\n', 'X-A: b\r\n', this.#next === 'nothing');
    } else if (this.#next === 'data') {
      if (random.chance(0.6)) {
        session.sender.send(stream, Buffer.alloc(random.of([0, 1, 100, 30_000])), null);
        return;
      }
      this.#next = 'nothing';
      session.sender.end(stream);
    }
  }
}

/** What is sent must be frames of a server that has said all that it has to say of a stream, or of all, once. */
function checkFrames(frames: readonly Frame[]): void {
  const over = new Map<number, 'ended' | 'reset'>();
  let isFailed = false;
  for (const { type, flags, stream, payload } of frames) {
    assert.ok(!isFailed, `a frame of type ${type} after the end`);
    assert.ok(payload.length <= 16_384);
    const before = over.get(stream);
    if (type === FRAME.goaway) isFailed = payload.readUInt32BE(4) !== ERROR.none;
    else if (stream !== 0) {
      assert.notEqual(before, 'reset', `a frame of type ${type} after a reset`);
      if (before === 'ended') assert.ok(type === FRAME.rstStream || type === FRAME.windowUpdate);
      if (type === FRAME.rstStream) over.set(stream, 'reset');
      else if (type !== FRAME.windowUpdate && (flags & FLAG.endStream) !== 0) over.set(stream, 'ended');
    }
    if (type === FRAME.windowUpdate) assert.ok(payload.readUInt32BE() > 0);
  }
}

const isOfResponse = ({ type }: Frame) =>
  type === FRAME.headers || type === FRAME.data || type === FRAME.continuation;

test('any bytes are read, or end the connection, whatever applications do; answers to them are bounded', () => {
  const seen = { failed: 0, requests: 0, resets: 0, notFailed: 0 };
  forEachCase(CASES, (bytes, random) => {
    const test = new TestSession(LIMITS);
    const exchanges: WildExchange[] = [];
    const frames: Frame[] = [];
    test.onRequest = (stream) => {
      exchanges.push(new WildExchange(test, stream));
      if (random.chance(0.2)) stream.declaredBytes = random.below(2000);
    };
    test.session.start();
    frames.push(...test.frames());
    const ownBytes = frames.reduce((sum, { payload }) => sum + 9 + payload.length, 0);
    for (const piece of randomPieces(bytes, random)) {
      const isLent = random.chance(0.5);
      const chunk = Buffer.from(piece);
      test.session.receive(chunk, isLent);
      if (isLent) chunk.fill(0xee);
      for (let count = 0; count < 4 && exchanges.length > 0; count++) random.of(exchanges).act(random);
      if (random.chance(0.05)) test.session.drain();
      if (random.chance(0.7)) {
        frames.push(...test.frames());
        test.session.sender.pump();
      }
      const held = exchanges.reduce(
        (sum, { stream }) => sum + stream.held.reduce((all, { length }) => all + length, 0),
        0,
      );
      assert.ok(held <= LIMITS.maxConcurrentStreams * LIMITS.initialWindowBytes, `${held} bytes are held`);
      assert.ok(test.session.openStreams <= LIMITS.maxConcurrentStreams);
    }
    const isFailed = test.events.includes('failed');
    seen[isFailed ? 'failed' : 'notFailed'] += 1;
    seen.requests += exchanges.length;
    test.session.fail(ERROR.internal, 'the end');
    for (const exchange of exchanges) for (let count = 0; count < 5; count++) exchange.act(random);
    frames.push(...test.frames());
    checkFrames(frames);
    assert.equal(frames.at(-1)?.type, FRAME.goaway);
    assert.equal(test.session.openStreams, 0);
    assert.equal(test.events.filter((event) => event === 'failed').length, 1);
    for (const { stream } of exchanges) {
      assert.deepEqual([stream.held.length, stream.queue.length, stream.isInRound], [0, 0, false]);
    }
    seen.resets += frames.filter(({ type }) => type === FRAME.rstStream).length;
    const answers = frames.filter((frame) => !isOfResponse(frame));
    const answerBytes = answers.reduce((sum, { payload }) => sum + 9 + payload.length, 0);
    assert.ok(answerBytes <= ownBytes + 1.5 * bytes.length + 200, `${answerBytes} bytes for ${bytes.length}`);
  });
  const least = CASES / 20;
  assert.ok(
    Object.values(seen).every((count) => count > least),
    JSON.stringify(seen),
  );
});

/** What comes of it, where all is answered at once; but for the windows of streams, which are granted as data comes. */
function outcome(pieces: readonly Buffer[]): unknown {
  const test = new TestSession(LIMITS);
  test.onRequest = (stream) => {
    test.session.read(stream);
    if (stream.hasEnded || stream.id % 3 === 0) test.answer(stream, stream.id % 5 === 0 ? '' : 'all');
  };
  test.session.start();
  for (const piece of pieces) test.session.receive(piece, false);
  const bodies = [...test.logs].map(([id, log]) => {
    const ends = log.events.filter((event) => event === '(end)' || event === '(close)');
    // How much of a body has been handed on that breaks off is a matter of chance.
    return [id, ends[0] === '(close)' ? 'a part' : log.text, ...ends];
  });
  const frames = test.frames().filter(({ type, stream }) => type !== FRAME.windowUpdate || stream === 0);
  return [test.events, test.fields, bodies, frames];
}

test('any split of any bytes comes to the same', () => {
  forEachCase(CASES / 4, (bytes, random) => {
    const whole = outcome([bytes]);
    assert.deepEqual(outcome(randomPieces(bytes, random)), whole);
    if (bytes.length < 2000) assert.deepEqual(outcome(singleBytes(bytes)), whole);
  });
});
