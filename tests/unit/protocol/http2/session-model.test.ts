// KIRIN_FUZZ_CASES and KIRIN_FUZZ_SEED change how many connections there are, and which.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Filled, SLAB_BYTES } from '../../../../src/protocol/http2/out-buffer.ts';
import { Session } from '../../../../src/protocol/http2/session.ts';
import { Random } from '../../../support/random.ts';
import { RandomApplication } from './random-application.ts';
import { StrictClient } from './strict-client.ts';

const CASES = Number(process.env.KIRIN_FUZZ_CASES ?? 4000);
const SEED = Number(process.env.KIRIN_FUZZ_SEED ?? 20250101);
const CASES_PER_CONNECTION = 10;
const STEPS = 400;
/** For the rest of all bodies, which come in frames. */
const MOST_LAST_STEPS = 2000;
const MAX_STREAMS = 8;
/** Data in front of the queues of streams, and all heads: those are not held up. */
const MOST_OUTSTANDING_BYTES = 131_072 + 16_393 + MAX_STREAMS * 110_000;

/** A client and an application on the two ends of a connection, and a system between that takes its time. */
class Connection {
  readonly client: StrictClient;
  readonly application: RandomApplication;
  readonly session: Session;
  readonly #random: Random;
  readonly #slabs: Buffer[] = [];
  readonly #writing: Filled[] = [];
  idles = 0;

  constructor(random: Random) {
    this.#random = random;
    this.client = new StrictClient(random.fork());
    this.application = new RandomApplication(random.fork());
    const { application } = this;
    const limits = {
      maxConcurrentStreams: MAX_STREAMS,
      initialWindowBytes: random.of([1000, 65_535, 100_000]),
      maxFrameBytes: 16_384,
      maxHeadBytes: 16_384,
    };
    this.session = new Session(
      limits,
      { borrow: () => this.#slabs.pop() ?? Buffer.allocUnsafeSlow(SLAB_BYTES) },
      {
        request: (stream, fields) => application.request(this.session, stream, fields as readonly string[]),
        answered: (stream) => application.answered(this.session, stream),
        refused: () => assert.fail('a request was refused'),
        outputBegun: () => {},
        idle: () => {
          this.idles += 1;
        },
        failed: () => {},
      },
    );
    this.session.start();
  }

  step(): void {
    const what = this.#random.weighted({ client: 5, deliver: 4, application: 5, take: 2, write: 3 });
    if (what === 'client') this.client.act();
    else if (what === 'deliver') this.deliver(this.#random.of([1, 20, 3000, 60_000]));
    else if (what === 'application') this.application.act();
    else if (what === 'take') this.take();
    else this.write();
    assert.ok(this.session.sender.output.bytes <= MOST_OUTSTANDING_BYTES, 'too much is outstanding');
  }

  /** Some of what the client has sent, in memory of its own or in such as is used again. */
  deliver(bytes: number): void {
    const { client } = this;
    const chunk = Buffer.from(client.pending.subarray(0, bytes));
    client.pending = client.pending.subarray(chunk.length);
    if (chunk.length === 0) return;
    const isLent = this.#random.chance(0.5);
    this.session.receive(chunk, isLent);
    if (isLent) chunk.fill(0xee);
  }

  take(): void {
    this.#writing.push(...this.session.sender.output.take());
  }

  /** The first of what was taken has arrived. */
  write(): void {
    const filled = this.#writing.shift();
    if (filled === undefined) return;
    const { slab, bytes } = filled;
    this.client.receive(Buffer.from(slab.subarray(0, bytes)));
    this.#slabs.push(slab.fill(0xee));
    const { sender } = this.session;
    sender.output.noteWritten(bytes);
    sender.pump();
  }

  get isQuiet(): boolean {
    const { client, session } = this;
    const isSilent = client.pending.length === 0 && session.sender.output.bytes === 0;
    return isSilent && client.open.length === 0 && client.isAnswered && this.application.open.length === 0;
  }

  finish(): void {
    for (let step = 0; !this.isQuiet; step++) {
      assert.ok(step < MOST_LAST_STEPS, 'it does not come to an end');
      this.client.finish();
      this.deliver(this.client.pending.length);
      this.application.finish();
      this.take();
      while (this.#writing.length > 0) this.write();
    }
  }
}

test('whatever clients and applications do, all arrives whole, in order, within the windows, and nothing is left', () => {
  const seen = { whole: 0, early: 0, resetByClient: 0, resetByServer: 0 };
  for (let number = 0; number < CASES / CASES_PER_CONNECTION; number++) {
    const connection = new Connection(new Random(SEED + number));
    const { client, application, session } = connection;
    try {
      for (let step = 0; step < STEPS; step++) connection.step();
      connection.finish();
      assert.equal(session.openStreams, 0);
      assert.equal(connection.idles > 0, client.streams.size > 0);
      for (const { stream, ...exchange } of application.exchanges.values()) {
        assert.deepEqual(
          [stream.held.length, stream.queue.length, stream.queuedBytes, stream.isInRound],
          [0, 0, 0, false],
        );
        assert.equal(exchange.piecesTaken, exchange.pieces);
      }
      for (const { id, resetBy, responseBytes, receivedBytes } of client.streams.values()) {
        const exchange = application.exchanges.get(id);
        assert.ok(exchange !== undefined);
        if (resetBy === 'client') seen.resetByClient += 1;
        else if (resetBy === 'server') seen.resetByServer += 1;
        else {
          assert.deepEqual([receivedBytes, exchange.isResponseWhole], [responseBytes, true]);
          // Who answers early may never have asked for it.
          assert.ok(exchange.hasEnded || !exchange.isPatient);
          seen.whole += 1;
          if (exchange.isDiscarding) seen.early += 1;
        }
      }
    } catch (cause) {
      throw new Error(`connection ${number} of seed ${SEED}`, { cause });
    }
  }
  const least = CASES / 100;
  assert.ok(Object.values(seen).every((count) => count > least) && seen.whole > CASES, JSON.stringify(seen));
});
