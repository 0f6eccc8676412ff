import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, it } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Opening } from '../../../src/edge/opening.ts';
import type { Exchange } from '../../../src/handlers/exchange.ts';
import type { EdgeConfig } from '../../../src/protocol/supervision/edge.ts';
import {
  block,
  ERROR,
  FLAG,
  FRAME,
  frame,
  framesIn,
  GET,
  PREFACE,
  rstStream,
  SETTING,
  settings,
  windowUpdate,
} from '../../support/http2-frames.ts';
import { waitFor } from '../../support/wait-for.ts';
import { EdgeHarness, HEAD } from './edge-harness.ts';
import { HeldSocket } from './held-socket.ts';

const STREAMS = 100;
/** As a lane or an upstream is read. */
const CHUNK_BYTES = 65_536;
const CHUNKS = 5;
const RESPONSE_BYTES = CHUNKS * CHUNK_BYTES;
const WIDE = 2 ** 30;
/** Of the file, for a response. */
const BLOCK_BYTES = 262_144;
/** 16 kB of each response, and the connection's own. */
const MOST_HELD_BYTES = 3 << 20;

setFlagsFromString('--expose_gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** What a worker gives, a chunk at a time, each in memory of its own. */
class Production {
  readonly #exchange: Exchange;
  readonly #byte: number;
  isPaused = false;
  isFinished = false;
  #left = CHUNKS;

  constructor(exchange: Exchange, byte: number) {
    this.#exchange = exchange;
    this.#byte = byte;
    exchange.producer = {
      isWaiting: false,
      pause: () => {
        this.isPaused = true;
      },
      resume: () => {
        this.isPaused = false;
        setImmediate(() => this.#goOn());
      },
      cancel: () => {
        this.isFinished = true;
      },
    };
    exchange.begin(HEAD, 0, Buffer.alloc(0), false);
    setImmediate(() => this.#goOn());
  }

  #goOn(): void {
    if (this.isPaused || this.isFinished) return;
    this.#left -= 1;
    this.isFinished = this.#left === 0;
    this.#exchange.write(Buffer.alloc(CHUNK_BYTES, this.#byte), this.isFinished);
    setImmediate(() => this.#goOn());
  }
}

describe('a client of HTTP/2 that asks for much and reads nothing', () => {
  let edge: EdgeHarness;
  let socket: HeldSocket;
  let productions: Production[] = [];

  async function ask(changes: Partial<EdgeConfig> = {}): Promise<void> {
    edge = await EdgeHarness.start(
      (exchange) => productions.push(new Production(exchange, (2 * productions.length + 1) % 251)),
      { responseSpoolBytes: WIDE, ...changes },
    );
    await connect(STREAMS);
  }

  async function connect(streams: number): Promise<void> {
    productions = [];
    socket = new HeldSocket();
    const peer = {
      remoteAddress: '192.0.2.1',
      remotePort: '1',
      serverName: '127.0.0.1',
      serverPort: '1',
      proxyHeader: null,
      tls: null,
      clientRule: '',
      rules: edge.rulesFor('192.0.2.1'),
    };
    edge.server.serveHttp2({} as Opening, socket as unknown as Socket, peer);
    send(Buffer.from(PREFACE), settings([SETTING.window, 0]), windowUpdate(0, WIDE));
    for (let id = 1; id < 2 * streams; id += 2)
      send(frame(FRAME.headers, FLAG.endHeaders | FLAG.endStream, id, block(GET)));
    await waitFor(() => productions.length === streams);
  }

  const send = (...pieces: readonly Buffer[]) => socket.push(Buffer.concat(pieces));

  afterEach(() => edge.stop());

  function heldBytes(): number {
    collectGarbage();
    return process.memoryUsage().arrayBuffers;
  }

  /** What lies on disk, in all files. */
  const spooledBytes = () =>
    edge.spooled.reduce((sum, name) => sum + statSync(join(edge.folder, name)).size, 0);

  /** By stream: what has come, once all has ended. */
  async function takeAll(): Promise<ReadonlyMap<number, number>> {
    send(settings([SETTING.window, WIDE]));
    const bytes = new Map<number, number>();
    let ended = 0;
    const take = () => {
      const { frames, rest } = framesIn(socket.written);
      socket.written = rest;
      for (const { type, flags, stream, payload } of frames) {
        if (type !== FRAME.data) continue;
        assert.ok(payload.equals(Buffer.alloc(payload.length, stream % 251)));
        bytes.set(stream, (bytes.get(stream) ?? 0) + payload.length);
        if ((flags & FLAG.endStream) !== 0) ended += 1;
      }
    };
    await waitFor(
      () => {
        for (let count = 1; socket.takeNext(); count++) if (count % 10 === 0) take();
        take();
        return ended === STREAMS;
      },
      { timeoutMs: 60_000, details: () => `${ended} have ended` },
    );
    return bytes;
  }

  function assertWhole(bytes: ReadonlyMap<number, number>): void {
    assert.equal(bytes.size, STREAMS);
    for (const [stream, count] of bytes) assert.equal(count, RESPONSE_BYTES, `stream ${stream}`);
  }

  const isStill = ({ isPaused, isFinished }: Production) => isPaused || isFinished;
  const areFinished = () => productions.every(({ isFinished }) => isFinished);

  it('frees all workers, and costs one file and little memory; all comes once it reads', async () => {
    const before = heldBytes();
    await ask();
    await waitFor(areFinished, { what: 'workers that are free', timeoutMs: 60_000 });
    assert.equal(edge.spooled.length, 1);
    await waitFor(() => heldBytes() - before < MOST_HELD_BYTES, {
      details: () => `${heldBytes() - before} bytes are held`,
    });
    assertWhole(await takeAll());
    await waitFor(() => edge.spooled.length === 0);
  });

  it('has its workers wait once there is as much on disk as may be, of all streams together', async () => {
    const most = 2 << 20;
    await ask({ responseSpoolBytes: most });
    await waitFor(() => spooledBytes() >= most && productions.every(isStill), {
      timeoutMs: 60_000,
    });
    assert.equal(edge.spooled.length, 1);
    // Each stream may have one block that is not full.
    assert.ok(spooledBytes() <= most + STREAMS * BLOCK_BYTES, `${spooledBytes()} bytes`);
    assert.ok(!areFinished());
    // Others have limits of their own.
    const slow = socket;
    const waiting = productions;
    await connect(1);
    await waitFor(areFinished);
    socket.destroy();
    socket = slow;
    productions = waiting;
    assertWhole(await takeAll());
    await waitFor(() => edge.spooled.length === 0);
  });

  it('leaves nothing when it gives its requests up, or is gone', async () => {
    await ask();
    await waitFor(() => edge.spooled.length === 1);
    for (let id = 1; id < STREAMS; id += 2) send(rstStream(id, ERROR.cancel));
    await waitFor(() => edge.accessed.length === STREAMS / 2);
    assert.equal(edge.spooled.length, 1);
    socket.destroy();
    await waitFor(() => edge.spooled.length === 0 && edge.accessed.length === STREAMS);
  });
});
