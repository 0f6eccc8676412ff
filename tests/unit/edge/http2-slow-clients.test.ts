import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { afterEach, describe, it } from 'node:test';
import type { Opening } from '../../../src/edge/opening.ts';
import type { Exchange, Peer } from '../../../src/handlers/exchange.ts';
import type { EdgeConfig } from '../../../src/protocol/supervision/edge.ts';
import {
  block,
  ERROR,
  FLAG,
  FRAME,
  type Frame,
  frame,
  framesIn,
  GET,
  PREFACE,
  SETTING,
  settings,
  windowUpdate,
} from '../../support/http2-frames.ts';
import { waitFor } from '../../support/wait-for.ts';
import { EdgeHarness, echo, FakeProducer, HEAD } from './edge-harness.ts';
import { HeldSocket } from './held-socket.ts';

const PEER: Pick<Peer, 'remoteAddress' | 'remotePort' | 'serverName' | 'serverPort'> = {
  remoteAddress: '192.0.2.1',
  remotePort: '1',
  serverName: '127.0.0.1',
  serverPort: '1',
};
const WHOLE = FLAG.endHeaders | FLAG.endStream;
const WIDE = 2 ** 30;
const POST = GET.map(([name, value]) => [name, name === ':method' ? 'POST' : value] as const);
/** It cannot be read. */
const BAD = GET.map(([name, value]) => [name, name === ':path' ? '/%00' : value] as const);
const KILOBYTES_100 = Buffer.alloc(100_000, 'a');

describe('a slow client of HTTP/2', () => {
  let edge: EdgeHarness;
  let socket: HeldSocket;

  async function connect(
    handle: (exchange: Exchange) => void = echo,
    changes: Partial<EdgeConfig> = {},
    windowBytes = WIDE,
  ): Promise<void> {
    edge = await EdgeHarness.start(handle, changes);
    attach(windowBytes);
  }

  function attach(windowBytes = WIDE): void {
    socket = new HeldSocket();
    const peer = {
      ...PEER,
      proxyHeader: null,
      tls: null,
      clientRule: '',
      rules: edge.rulesFor(PEER.remoteAddress),
    };
    edge.server.serveHttp2({} as Opening, socket as unknown as Socket, peer);
    send(Buffer.from(PREFACE), settings([SETTING.window, windowBytes]), windowUpdate(0, WIDE));
  }

  const send = (...pieces: readonly Buffer[]) => socket.push(Buffer.concat(pieces));
  const ask = (stream: number, fields = GET, flags: number = WHOLE) =>
    send(frame(FRAME.headers, flags, stream, block(fields)));

  /** What the client has got, once it has taken all that there is until it has this. */
  async function takeUntil(wanted: (frame: Frame) => boolean): Promise<readonly Frame[]> {
    return waitFor(() => {
      while (socket.takeNext());
      const { frames } = framesIn(socket.written);
      return frames.some(wanted) ? frames : null;
    });
  }

  const isEndOf =
    (id: number) =>
    ({ type, stream, flags }: Frame) =>
      stream === id && type === FRAME.data && (flags & FLAG.endStream) !== 0;

  const bytesOf = (frames: readonly Frame[], id: number) =>
    frames
      .filter(({ type, stream }) => type === FRAME.data && stream === id)
      .reduce((sum, { payload }) => sum + payload.length, 0);

  afterEach(() => edge.stop());

  async function beginToTake(changes: Partial<EdgeConfig> = {}): Promise<void> {
    await connect((exchange) => exchange.respond(HEAD, 0, KILOBYTES_100), changes);
    ask(1);
    // All is on its way, and nothing has arrived.
    await waitFor(() => edge.accessed.length > 0 && socket.writes > 1);
  }

  async function takeTheRest(): Promise<void> {
    assert.equal(socket.writableEnded, false);
    const frames = await takeUntil(({ type }) => type === FRAME.goaway);
    assert.equal(bytesOf(frames, 1), 100_000);
    await waitFor(() => {
      while (socket.takeNext());
      return socket.writableEnded;
    });
  }

  it('has the end of a response when the server stops, however long that takes', async () => {
    await beginToTake();
    edge.server.drainConnections();
    await takeTheRest();
  });

  it('has the end of a response when its connection has been idle, however long that takes', async () => {
    await beginToTake({ keepAliveMs: 1 });
    const slow = socket;
    // One that is idle later, and so ended later.
    attach();
    ask(1, BAD);
    await takeUntil(({ type }) => type === FRAME.goaway);
    socket = slow;
    await takeTheRest();
  });

  it('loses its connection when it takes nothing of the end of a response', async () => {
    await beginToTake({ sendTimeoutMs: 50 });
    edge.server.drainConnections();
    await waitFor(() => socket.destroyed);
  });

  it('loses none of many responses, each of which has its turn only after all others', async () => {
    const streams = 80;
    await connect((exchange) => exchange.respond(HEAD, 0, KILOBYTES_100.subarray(0, 32_000)), {
      sendTimeoutMs: 1000,
    });
    for (let count = 0; count < streams; count++) ask(2 * count + 1);
    // A turn takes longer than the time-out.
    const taking = setInterval(() => socket.takeNext(), 70);
    await waitFor(
      () => {
        const { frames } = framesIn(socket.written);
        assert.ok(frames.every(({ type }) => type !== FRAME.rstStream));
        const ended = frames.filter(({ flags, type }) => type === FRAME.data && flags === FLAG.endStream);
        return ended.length === streams;
      },
      { timeoutMs: 30_000 },
    ).finally(() => clearInterval(taking));
  });

  it('costs few buffers, however many frames it has to be sent', async () => {
    await connect();
    for (let count = 0; count < 500; count++) {
      send(frame(FRAME.ping, 0, 0, Buffer.alloc(8)));
      await new Promise((resolve) => setImmediate(resolve));
    }
    assert.ok(socket.writes <= 4, `${socket.writes} writes`);
    const isAnswer = ({ type, flags }: Frame) => type === FRAME.ping && flags === FLAG.ack;
    await waitFor(() => {
      while (socket.takeNext());
      return framesIn(socket.written).frames.filter(isAnswer).length === 500;
    });
  });

  it('gets the page for a request that cannot be read, whatever else it is sent', async () => {
    await connect((exchange) => exchange.respond(HEAD, 0, KILOBYTES_100.subarray(0, 30_000)), {}, 0);
    ask(1);
    ask(3, BAD);
    await takeUntil(({ type, stream }) => stream === 3 && type === FRAME.headers);
    send(windowUpdate(1, WIDE), windowUpdate(3, WIDE));
    const frames = await takeUntil(isEndOf(3));
    assert.ok(bytesOf(frames, 3) > 0);
    assert.equal(
      frames.some(({ type }) => type === FRAME.rstStream),
      false,
    );
  });

  it('that does not take even that page is given up', async () => {
    await connect(echo, { sendTimeoutMs: 50 }, 0);
    ask(1, BAD);
    const frames = await takeUntil(({ type, stream }) => stream === 1 && type === FRAME.rstStream);
    assert.equal(frames.at(-1)?.payload.readUInt32BE(), ERROR.cancel);
  });

  for (const [what, answer] of [
    ['in one piece', (exchange: Exchange) => exchange.respond(HEAD, 0, KILOBYTES_100)],
    ['in pieces', (exchange: Exchange) => exchange.begin(HEAD, 0, KILOBYTES_100, true)],
  ] as const) {
    it(`is rid of a body that nobody wants before it has taken the response, which comes ${what}`, async () => {
      await connect(answer, {}, 0);
      ask(1, POST, FLAG.endHeaders);
      for (let count = 0; count < 3; count++) send(frame(FRAME.data, 0, 1, Buffer.alloc(16_000)));
      await takeUntil(({ type, stream }) => type === FRAME.windowUpdate && stream === 1);
      send(frame(FRAME.data, FLAG.endStream, 1, Buffer.alloc(16_000)), windowUpdate(1, WIDE));
      assert.equal(bytesOf(await takeUntil(isEndOf(1)), 1), 100_000);
    });
  }

  it('whose body waits is rid of it once it has been answered', async () => {
    const producer = new FakeProducer();
    await connect(
      (exchange) => {
        exchange.producer = producer;
        const flow = exchange.streamBody({ takeBody: () => {}, endBody: () => {} });
        flow?.pause();
        exchange.respond(HEAD, 0, KILOBYTES_100);
        // Whoever takes a body may hear late of the answer.
        flow?.pause();
      },
      {},
      0,
    );
    ask(1, POST, FLAG.endHeaders);
    for (let count = 0; count < 3; count++) send(frame(FRAME.data, 0, 1, Buffer.alloc(16_000)));
    await takeUntil(({ type, stream }) => type === FRAME.windowUpdate && stream === 1);
  });

  it('is told once why it is cut off, however many requests it has under way', async () => {
    await connect(() => {});
    for (let stream = 1; stream < 200; stream += 2) ask(stream);
    await waitFor(() => edge.exchanges.length === 100);
    const waste: Buffer[] = [];
    for (let stream = 201; stream < 601; stream += 2)
      waste.push(frame(FRAME.headers, WHOLE, stream, block(GET)));
    send(...waste, frame(FRAME.headers, WHOLE, 601, block(GET)));
    await takeUntil(({ type }) => type === FRAME.goaway);
    assert.equal(edge.errorText.match(/too_many_wasted|Too many requests were given up/g)?.length, 1);
  });
});
