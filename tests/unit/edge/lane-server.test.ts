import assert from 'node:assert/strict';
import { openSync } from 'node:fs';
import { connect, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { bindUnix } from '../../../src/arbiter/bind-socket.ts';
import { Dispatcher } from '../../../src/dispatcher/dispatcher.ts';
import { serveLanes } from '../../../src/edge/lane-server.ts';
import { HEADER_BYTES, KIND } from '../../../src/protocol/lane/frames.ts';
import { makeTemporaryFolder, removeFolder } from '../../support/temporary-folder.ts';
import { waitFor } from '../../support/wait-for.ts';
import { frame } from '../dispatcher/fake-worker.ts';
import { LIMITS } from '../dispatcher/limits.ts';

let folder = '';
let server: Server;
let dispatcher: Dispatcher;
let said: string[] = [];
let sockets: Socket[] = [];
const problems: string[] = [];

beforeEach(() => {
  folder = makeTemporaryFolder();
  said = [];
  const { fd } = bindUnix(join(folder, 'l'));
  dispatcher = new Dispatcher(
    { ...LIMITS, timeoutMs: 0, gracefulTimeoutMs: 0 },
    {
      workerReady: ({ pid, generation }) => said.push(`ready ${pid} ${generation}`),
      workerOverdue: () => {},
      workerCondemned: () => {},
      workerSpent: () => {},
      workerLeaving: ({ pid, maxGiven }, reason) => said.push(`leaving ${pid} ${reason} ${maxGiven}`),
      jobExpired: () => {},
      jobRefused: () => {},
      jobRetried: () => {},
      jobLost: () => {},
    },
  );
  // Generation 9 is nobody's.
  const purposeOf = (generation: number) =>
    generation === 9 ? undefined : { dispatcher, maxRequests: 10, maxRequestsJitter: 5 };
  server = serveLanes(fd, purposeOf, (problem) => problems.push(problem));
});

afterEach(() => {
  for (const socket of sockets) socket.destroy();
  sockets = [];
  server.close();
  removeFolder(folder);
});

interface Client {
  readonly socket: Socket;
  received: Buffer;
  isClosed: boolean;
}

function open(...parts: readonly Buffer[]): Client {
  const socket = connect(join(folder, 'l'));
  sockets.push(socket);
  const client: Client = { socket, received: Buffer.alloc(0), isClosed: false };
  socket.on('data', (bytes) => {
    client.received = Buffer.concat([client.received, bytes]);
  });
  socket.on('error', () => {});
  socket.on('close', () => {
    client.isClosed = true;
  });
  for (const part of parts) socket.write(part);
  return client;
}

const HELLO = { pid: process.pid, generation: 2, lane: 0, lanes: 1, probe: -1 };

const hello = (changes: object) => frame(KIND.hello, {}, JSON.stringify({ ...HELLO, ...changes }));

async function welcomed(client: Client): Promise<unknown> {
  await waitFor(() => client.received.length > HEADER_BYTES);
  assert.equal(client.received[4], KIND.welcome);
  return JSON.parse(client.received.toString('utf8', HEADER_BYTES));
}

describe('the lanes’ socket', () => {
  it('turns connections into a worker and its lanes', async () => {
    assert.deepEqual(await welcomed(open(hello({ role: 'control', lanes: 2 }))), { files: false });
    open(hello({ role: 'lane', lane: 1 }));
    open(hello({ role: 'lane', lane: 0 }));
    await waitFor(() => said.length > 0);
    assert.deepEqual(said, [`ready ${process.pid} 2`]);
    dispatcher.activate(2);
    assert.equal(dispatcher.isReady, true);
  });

  it('tells a worker whether its files can be opened', async () => {
    const probe = openSync(import.meta.filename, 'r');
    assert.deepEqual(await welcomed(open(hello({ role: 'control', probe }))), { files: true });
  });

  it('reads an introduction that comes in pieces, and what comes with it', async () => {
    const bytes = Buffer.concat([hello({ role: 'control' }), frame(KIND.leaving, {}, 'SIGTERM')]);
    const client = open();
    for (const byte of bytes) {
      client.socket.write(Buffer.of(byte));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await waitFor(() => said.length > 0);
    open(bytes);
    await waitFor(() => said.length > 1);
    for (const line of said) assert.match(line, /^leaving \d+ SIGTERM 1[0-5]$/);
  });

  it('closes a lane whose worker it does not know', async () => {
    const client = open(hello({ role: 'lane' }));
    await waitFor(() => client.isClosed);
  });

  it('closes a worker of a generation that it does not know, which may come again', async () => {
    for (const role of ['control', 'lane']) {
      const client = open(hello({ role, generation: 9 }));
      await waitFor(() => client.isClosed);
      assert.equal(client.received.length, 0);
    }
    assert.deepEqual(said, []);
  });

  it('closes what does not introduce itself, and goes on', async () => {
    for (const bytes of [
      Buffer.from('GET / HTTP/1.1\r\nHost: a\r\n\r\n'),
      frame(KIND.leaving, {}, 'x'),
      frame(KIND.hello, {}, '{"role": '),
      frame(KIND.hello, {}, 'null'),
      frame(KIND.hello, {}, '{"role": "guest"}'),
    ]) {
      const client = open(bytes);
      await waitFor(() => client.isClosed, {
        what: `the end of ${JSON.stringify(bytes.toString('latin1'))}`,
      });
    }
    await welcomed(open(hello({ role: 'control' })));
  });

  it('outlives a connection that cannot be accepted', () => {
    server.emit('error', new Error('EMFILE'));
    assert.match(problems.at(-1) ?? '', /EMFILE/);
  });
});
