import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { CompressedBody } from '../../../../src/handlers/compress/compressed-body.ts';
import { ENCODINGS } from '../../../../src/handlers/compress/encodings.ts';
import type { Producer } from '../../../../src/handlers/exchange.ts';
import { waitFor } from '../../../support/wait-for.ts';
import { FakeExchange, get } from '../fake-exchange.ts';

class Sink extends FakeExchange {
  readonly pieces: Buffer[] = [];
  hasEnded = false;

  constructor() {
    super(get('/'));
  }

  override write(body: Buffer, isEnd: boolean): void {
    this.pieces.push(body);
    this.hasEnded = isEnd;
  }

  get content(): Buffer {
    return gunzipSync(Buffer.concat(this.pieces));
  }
}

class Source implements Producer {
  readonly isWaiting = false;
  isPaused = false;
  isCancelled = false;
  pause(): void {
    this.isPaused = true;
  }
  resume(): void {
    this.isPaused = false;
  }
  cancel(): void {
    this.isCancelled = true;
  }
}

const { gzip } = ENCODINGS;
assert.ok(gzip);
const choice = { coding: 'gzip', encoding: gzip, level: 5 } as const;

function begin() {
  const sink = new Sink();
  const source = new Source();
  return { sink, source, body: new CompressedBody(sink, source, choice, -1, false) };
}

describe('a body that is compressed on its way', () => {
  it('arrives whole, in order', async () => {
    const { sink, body } = begin();
    let whole = '';
    for (let index = 0; index < 100; index += 1) {
      const piece = `${index} `.repeat(500);
      whole += piece;
      body.write(Buffer.from(piece), index === 99);
    }
    await waitFor(() => sink.hasEnded, { what: 'the end' });
    assert.equal(sink.content.toString(), whole);
  });

  it('may be empty', async () => {
    const { sink, body } = begin();
    body.write(Buffer.alloc(0), true);
    await waitFor(() => sink.hasEnded, { what: 'the end' });
    assert.equal(sink.content.length, 0);
  });

  it('holds up a producer that is faster than it is compressed', async () => {
    const { sink, source, body } = begin();
    for (let index = 0; index < 10; index += 1) body.write(Buffer.alloc(20_000), false);
    assert.ok(source.isPaused);
    await waitFor(() => !source.isPaused, { what: 'the producer may go on' });
    body.write(Buffer.alloc(0), true);
    await waitFor(() => sink.hasEnded, { what: 'the end' });
    assert.equal(sink.content.length, 200_000);
  });

  it('is held up by a slow client, and then holds up its producer', async () => {
    const { sink, source, body } = begin();
    body.pause();
    assert.ok(source.isPaused);
    body.write(Buffer.alloc(1000), true);
    body.resume();
    assert.ok(!source.isPaused);
    await waitFor(() => sink.hasEnded, { what: 'the end' });
    assert.equal(sink.content.length, 1000);
  });

  it('is one of a number that is bounded, and leaves it however it ends', async () => {
    const bodies = [];
    while (!CompressedBody.areTooMany && bodies.length < 1000) {
      const { body } = begin();
      body.write(Buffer.alloc(10_000, 'x'), false);
      bodies.push(body);
    }
    assert.ok(bodies.length < 1000);
    for (const [index, body] of bodies.entries()) {
      if (index % 2 === 0) body.cancel();
      else body.write(Buffer.alloc(0), true);
    }
    await waitFor(() => !CompressedBody.areTooMany, { what: 'room for others' });
    const last = begin();
    last.body.write(Buffer.from('last'), true);
    await waitFor(() => last.sink.hasEnded, { what: 'the last' });
    assert.equal(last.sink.content.toString(), 'last');
  });

  it('tells its producer that the client has left, and sends nothing more', async () => {
    const { sink, source, body } = begin();
    for (let index = 0; index < 5; index += 1) body.write(Buffer.alloc(50_000, 'x'), false);
    body.cancel();
    assert.ok(source.isCancelled);
    const before = sink.pieces.length;
    const next = begin();
    next.body.write(Buffer.from('next'), true);
    await waitFor(() => next.sink.hasEnded, { what: 'another' });
    assert.equal(sink.pieces.length, before);
    assert.ok(!sink.hasEnded);
  });
});
