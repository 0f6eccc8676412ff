import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { ClientSpool } from '../../../src/edge/client-spool.ts';
import { Outgoing, type OutgoingLimits } from '../../../src/edge/outgoing.ts';
import { listFolder, makeTemporaryFolder, removeFolder } from '../../support/temporary-folder.ts';
import { waitFor } from '../../support/wait-for.ts';
import { FakeProducer } from './edge-harness.ts';

const HIGH_WATER = 16_384;

/** Takes into its buffer whatever comes, and sends when the test says so. */
class FakeSocket extends EventEmitter {
  writableLength = 0;
  destroyed = false;
  sent = '';
  most = 0;
  #waiting = '';
  #needsDrain = false;

  get writableNeedDrain(): boolean {
    return this.#needsDrain;
  }

  cork(): void {}

  uncork(): void {}

  write(bytes: Buffer): boolean {
    this.#waiting += bytes.toString('latin1');
    this.writableLength += bytes.length;
    this.most = Math.max(this.most, this.writableLength);
    if (this.writableLength >= HIGH_WATER) this.#needsDrain = true;
    return this.writableLength < HIGH_WATER;
  }

  /** The client takes everything that is in the buffer. */
  drain(): void {
    this.sent += this.#waiting;
    this.#waiting = '';
    this.writableLength = 0;
    if (!this.#needsDrain) return;
    this.#needsDrain = false;
    this.emit('drain');
  }
}

let folder = '';
let socket: FakeSocket;
let producer: FakeProducer;
let failures: string[];

function outgoing(limits: Partial<OutgoingLimits> = {}): Outgoing {
  return new Outgoing(
    socket as unknown as Socket,
    { memoryBytes: 50_000, spoolBytes: 300_000, spool: new ClientSpool(folder), ...limits },
    producer,
    (error) => failures.push((error as NodeJS.ErrnoException).code ?? error.message),
  );
}

const piece = (letter: string) => Buffer.alloc(20_000, letter);
const spooled = () => listFolder(folder).length;

beforeEach(() => {
  folder = makeTemporaryFolder();
  socket = new FakeSocket();
  producer = new FakeProducer();
  failures = [];
});

afterEach(() => removeFolder(folder));

/** Writes a piece for each letter, when it may. */
async function produce(response: Outgoing, letters: string): Promise<void> {
  for (const letter of letters) {
    await waitFor(() => producer.calls.at(-1) !== 'pause');
    response.write(piece(letter));
  }
}

/** Lets the client take until the condition is met. */
const drainUntil = (condition: () => boolean) =>
  waitFor(() => {
    if (condition()) return true;
    socket.drain();
    return condition();
  });

describe('a response on its way', () => {
  it('to a quick client is written at once, and done at its end', () => {
    const response = outgoing();
    let isDone = false;
    for (const letter of 'abc') {
      response.write(piece(letter));
      socket.drain();
    }
    response.end(() => {
      isDone = true;
    });
    assert.equal(isDone, true);
    assert.equal(socket.sent.length, 60_000);
    assert.deepEqual(producer.calls, []);
    assert.equal(spooled(), 0);
    assert.equal(socket.listenerCount('drain'), 0);
  });

  it('to a client that takes it in time waits for him, and needs no file', async () => {
    const response = outgoing();
    for (const letter of 'abc') response.write(piece(letter));
    assert.deepEqual(producer.calls, ['pause']);
    socket.drain();
    assert.deepEqual(producer.calls, ['pause', 'resume']);
    assert.equal(spooled(), 0);
    response.discard();
  });

  it('to a client that does not take it waits for him sooner when it comes in many pieces', () => {
    const response = outgoing();
    const bytes = Buffer.from('x');
    let pieces = 0;
    while (producer.calls.length === 0) {
      response.write(bytes);
      pieces += 1;
    }
    assert.equal(pieces, HIGH_WATER, 'fewer than the bytes that it may hold');
    response.discard();
  });

  it('to a slow client goes to a file, and arrives whole and in order', async () => {
    const response = outgoing();
    let isDone = false;
    const letters = 'abcdefghijklmno';
    await produce(response, letters);
    await waitFor(() => spooled() === 1);
    response.end(() => {
      isDone = true;
    });
    assert.equal(isDone, false);
    assert.ok(socket.most <= 50_000 + 20_000, `${socket.most}`);
    await drainUntil(() => isDone);
    socket.drain();
    assert.equal(socket.sent, [...letters].map((letter) => letter.repeat(20_000)).join(''));
    assert.ok(socket.most <= 50_000 + 65_536, `${socket.most}`);
    await waitFor(() => spooled() === 0);
  });

  it('makes its producer wait when the file is full, and go on as soon as there is room', async () => {
    const response = outgoing();
    await produce(response, 'abcd');
    const before = producer.calls.length;
    let written = 80_000;
    while (producer.calls.length === before) {
      response.write(piece('x'));
      written += 20_000;
    }
    assert.equal(producer.calls.at(-1), 'pause');
    assert.ok(written <= 400_000, `${written}`);
    await drainUntil(() => producer.calls.length > before + 1);
    assert.equal(producer.calls.at(-1), 'resume');
    assert.ok(
      socket.sent.length < written - 100_000,
      'it need not wait for the last byte of what lies on disk',
    );
    response.discard();
  });

  it('without a file makes its producer wait for the client', () => {
    const response = outgoing({ spoolBytes: 0 });
    for (const letter of 'abcd') response.write(piece(letter));
    assert.deepEqual(producer.calls, ['pause']);
    assert.equal(spooled(), 0);
    socket.drain();
    assert.deepEqual(producer.calls, ['pause', 'resume']);
    response.discard();
  });

  it('that is given up leaves no file and no listener, and calls nobody', async () => {
    const response = outgoing();
    await produce(response, 'abcdefgh');
    response.end(() => assert.fail('it was given up'));
    response.discard();
    socket.drain();
    await waitFor(() => spooled() === 0);
    assert.equal(socket.listenerCount('drain'), 0);
  });

  it('whose file cannot be written fails once', async () => {
    const response = outgoing({ spool: new ClientSpool(`${folder}/none`) });
    await produce(response, 'abcd');
    response.end(() => assert.fail('it has failed'));
    await waitFor(() => failures.length > 0);
    socket.drain();
    assert.deepEqual(failures, ['ENOENT']);
    response.discard();
  });
});
