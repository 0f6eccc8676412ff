// KIRIN_SOAK_REQUESTS and KIRIN_SOAK_SEED change how long the connection lives, and what is done on it.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterEach, it } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { queryObjects } from 'node:v8';
import { Timed } from '../../../src/base/deadlines.ts';
import { Outgoing } from '../../../src/edge/outgoing.ts';
import { SpoolFile } from '../../../src/edge/spool-file.ts';
import type { Exchange } from '../../../src/handlers/exchange.ts';
import { Stream } from '../../../src/protocol/http2/stream.ts';
import { GET } from '../../support/http2-frames.ts';
import { Random } from '../../support/random.ts';
import { listFolder } from '../../support/temporary-folder.ts';
import { waitFor } from '../../support/wait-for.ts';
import { AccountingClient, type Plan } from './accounting-client.ts';
import { EdgeHarness, HEAD } from './edge-harness.ts';

const REQUESTS = Number(process.env.KIRIN_SOAK_REQUESTS ?? 6000);
const SEED = Number(process.env.KIRIN_SOAK_SEED ?? 20250101);
const AT_ONCE = 30;
/** Those that a client gives up or gets wrong: more than 200 in ten seconds would end the connection. */
const MOST_WASTED = 120;
/** Those that end by a timer, of two seconds. */
const MOST_ENDLESS = 10;
const STREAM_WINDOW = 65_535;
const MAX_STREAMS = 100;
/** Whatever is remembered of a connection, and compiled meanwhile. */
const MOST_GROWN_BYTES = 3 << 20;

const LARGE = Buffer.alloc(90_000, 'a');
const FILE_BYTES = 70_000;
const FRAME_BYTES = 16_000;

let edge: EdgeHarness;
let client: AccountingClient | null = null;

afterEach(async () => {
  client?.destroy();
  await edge.stop();
});

/** Answers by the path. */
function answer(exchange: Exchange): void {
  switch (exchange.head.path) {
    case '/large':
      exchange.respond(HEAD, 0, LARGE);
      break;
    case '/streamed':
      produce(exchange, 8);
      break;
    case '/cut':
      exchange.begin(HEAD, 0, LARGE.subarray(0, 30_000), false);
      setImmediate(() => exchange.abort());
      break;
    case '/file':
      exchange.respondFile(HEAD, 0, {
        file: join(edge.folder, 'file'),
        segments: [{ offset: 0, length: FILE_BYTES }],
        length: FILE_BYTES,
      });
      break;
    case '/echo':
      exchange.collectBody((body) => exchange.respond(HEAD, 0, body.kind === 'none' ? '0' : `${body.bytes}`));
      break;
    case '/limited':
      exchange.limitBody(1000, () => exchange.refuse(413));
      exchange.collectBody(() => exchange.respond(HEAD, 0, 'small'));
      break;
    case '/taken':
      take(exchange);
      break;
    case '/held':
      break;
    default:
      exchange.respond(HEAD, 0, 'small');
  }
}

/** As a worker does: a piece at a time, unless it is told to wait. */
function produce(exchange: Exchange, pieces: number): void {
  let isPaused = false;
  let left = pieces;
  const goOn = () => {
    if (isPaused || left === 0) return;
    left -= 1;
    exchange.write(LARGE.subarray(0, 10_000), left === 0);
    setImmediate(goOn);
  };
  exchange.producer = {
    isWaiting: false,
    pause: () => {
      isPaused = true;
    },
    resume: () => {
      isPaused = false;
      setImmediate(goOn);
    },
    cancel: () => {
      left = 0;
    },
  };
  exchange.begin(HEAD, 0, Buffer.alloc(0), false);
  goOn();
}

/** As an upstream does that is slower than the client. */
function take(exchange: Exchange): void {
  let bytes = 0;
  const flow = exchange.streamBody({
    takeBody: (data) => {
      bytes += data.length;
      flow?.pause();
      setImmediate(() => flow?.resume());
    },
    endBody: () => exchange.respond(HEAD, 0, `${bytes}`),
  });
  if (flow === null) exchange.respond(HEAD, 0, '0');
}

const fields = (method: string, path: string) =>
  GET.map(([name, value]) =>
    name === ':method'
      ? ([name, method] as const)
      : name === ':path'
        ? ([name, path] as const)
        : ([name, value] as const),
  );
const get = (path: string) => ({ fields: fields('GET', path), bodyBytes: 0 });
const head = (path: string) => ({ fields: fields('HEAD', path), bodyBytes: 0 });
const post = (path: string, bodyBytes: number) => ({ fields: fields('POST', path), bodyBytes });

const HARMLESS: readonly ((random: Random) => Plan)[] = [
  () => get('/small'),
  () => get('/large'),
  () => get('/streamed'),
  () => get('/file'),
  () => get('/cut'),
  (random) => head(random.of(['/small', '/large', '/streamed', '/file'])),
  // It has all been written by then, as far as anybody knows.
  () => ({ ...get('/large'), resets: 'midway' }),
  (random) => post('/echo', random.below(70_000)),
  (random) => ({ ...post('/echo', random.below(30_000)), hasTrailers: true }),
  (random) => post('/taken', random.below(70_000)),
  (random) => post('/small', random.below(70_000)),
  (random) => post('/limited', random.below(30_000)),
  (random) => ({ ...post('/small', random.below(70_000)), isEndless: true, resets: 'answered' }),
  (random) => ({ ...post('/limited', random.between(10_000, 30_000)), isEndless: true, resets: 'answered' }),
];

const WASTED: readonly ((random: Random) => Plan)[] = [
  (random) => ({ ...get(random.of(['/streamed', '/file', '/held'])), resets: 'at-once' }),
  (random) => ({ ...get(random.of(['/streamed', '/file'])), resets: 'midway' }),
  (random) => ({ ...post('/echo', random.below(30_000)), resets: 'at-once' }),
  (random) => ({ ...post('/taken', random.below(90_000)), isEndless: true, resets: 'at-once' }),
  // Its stream is reset for it.
  () => ({ ...post('/echo', 5000), fields: [...fields('POST', '/echo'), ['content-length', '4000']] }),
  () => ({ ...get('/small'), fields: [...fields('GET', '/small'), ['Upper', 'case']] }),
  () => ({ ...get('/small'), fields: fields('GET', '/%00') }),
];

/** What there is while requests are under way, and must not be afterwards. What is garbage has gone then. */
const countLeft = () =>
  [Stream, Timed, Outgoing, SpoolFile].map((kind) => queryObjects(kind, { format: 'count' }));

let wasted = 0;
let endless = 0;

async function leavesNothing(before: readonly number[]): Promise<void> {
  await waitFor(() => edge.spooled.length === 0);
  // Whoever was told to go on may not have seen yet that there is nothing to go on with.
  await waitFor(() => isDeepStrictEqual(countLeft(), before), {
    details: () => `${countLeft()} in the place of ${before}`,
  });
}

async function ask(client: AccountingClient, random: Random, count: number): Promise<void> {
  for (let number = 0; number < count; number++) {
    let plan = random.of(HARMLESS)(random);
    if (wasted < MOST_WASTED && random.chance(0.05)) {
      wasted += 1;
      plan = random.of(WASTED)(random);
    } else if (endless < MOST_ENDLESS && random.chance(0.05)) {
      endless += 1;
      plan = { ...post('/small', 1000), isEndless: true };
    }
    client.ask(plan);
    if (client.open >= AT_ONCE) {
      await client.until('an answer', () => client.open < AT_ONCE);
    } else if (random.chance(0.1)) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    assert.equal(client.end, null, 'the connection has ended');
  }
  await client.until('the end of all requests', () => client.open === 0);
  await client.settle();
  // What they were is not what they leave.
  edge.exchanges.length = 0;
  edge.accessed.length = 0;
}

it('a connection on which all kinds of requests come and go has its windows, and nothing else is left of them', {
  timeout: 120_000,
}, async () => {
  edge = await EdgeHarness.start(answer, { http2Cleartext: true });
  writeFileSync(join(edge.folder, 'file'), Buffer.alloc(FILE_BYTES));
  const files = listFolder('/proc/self/fd').length;
  const socket = connect(edge.port, '127.0.0.1').setNoDelay(true);
  await once(socket, 'connect');
  const random = new Random(SEED);
  client = new AccountingClient(socket, random);
  await client.settle();
  const before = countLeft();
  await ask(client, random, REQUESTS / 10);
  await leavesNothing(before);
  const usedBytes = process.memoryUsage().heapUsed;
  await ask(client, random, REQUESTS);
  await leavesNothing(before);
  const grown = process.memoryUsage().heapUsed - usedBytes;
  assert.ok(grown < MOST_GROWN_BYTES, `${grown} bytes more`);
  await waitFor(() => listFolder('/proc/self/fd').length <= files + 2);
  assert.ok(Object.values(client.ended).every((count) => count > 0));

  await assertMaySendAll(client);
  await assertIsSentAll(client);
});

/** The next grant gives all that there was in the beginning, also where nobody reads. */
async function assertMaySendAll(client: AccountingClient): Promise<void> {
  const whole = MAX_STREAMS * STREAM_WINDOW;
  for (let streams = 0; streams < MAX_STREAMS; streams++) client.ask(post('/held', 2 * STREAM_WINDOW));
  await client.settle();
  for (const exchange of edge.exchanges) exchange.respond(HEAD, 0, 'small');
  await client.until('the end of all requests', () => client.open === 0);
  await client.settle();
  for (let before = Number.POSITIVE_INFINITY; client.sendWindow < before; ) {
    before = client.sendWindow;
    client.ask(post('/echo', FRAME_BYTES));
    await client.until('an answer', () => client.open === 0);
  }
  const missing = whole - client.sendWindow;
  assert.ok(missing >= 0 && missing <= 2 * FRAME_BYTES, `${missing} bytes of the window are missing`);
}

/** What it has not granted anew it is not sent, and all else. */
async function assertIsSentAll(client: AccountingClient): Promise<void> {
  client.grants = false;
  const { window } = client;
  const id = client.ask(get('/large'));
  await client.until('the window of the connection', () => client.receivedBytes === window);
  client.grant(0, 1);
  await client.until('a byte more', () => client.receivedBytes === window + 1);
  client.grant(0, LARGE.length);
  await client.until('the window of the stream', () => client.receivedBytes === STREAM_WINDOW);
  await client.settle();
  assert.equal(client.receivedBytes, STREAM_WINDOW);
  client.grant(id, LARGE.length);
  await client.until('the whole response', () => client.open === 0);
}
