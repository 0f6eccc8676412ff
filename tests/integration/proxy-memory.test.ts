// Over unix sockets, which hold little: what peers do not take is Kirin's to hold back.
import assert from 'node:assert/strict';
import { createServer as createHttpServer } from 'node:http';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { after, afterEach, before, describe, it } from 'node:test';
import { AppFolder, answering } from '../support/app-folder.ts';
import { type KirinProcess, startKirin } from '../support/kirin.ts';
import { CountingClient } from '../support/many-clients.ts';
import { pssBytes } from '../support/processes.ts';
import { exchange } from '../support/raw-connection.ts';
import { waitFor, waitUntilStill } from '../support/wait-for.ts';

const CLIENTS = 400;
const BODY_BYTES = 2 << 20;
/** What one client may hold: in its socket and in those that it is read from, and what waits for the disk. */
const BYTES_PER_CLIENT = 400 << 10;
/** Whatever the number of clients: what waits for the disk of all, and garbage. */
const BYTES_FOR_ALL = 100 << 20;
const UPLOAD_BYTES = 1 << 20;
/** What a slow client sends at a time, and how often. */
const TINY_BYTES = 16;
const TURNS = 64;
const PATIENCE = { timeoutMs: 60_000 };

const body = Buffer.alloc(BODY_BYTES);
for (let at = 0; at < BODY_BYTES; at += 4) body.writeUInt32LE(at, at);

function asChunks(content: Buffer, chunkBytes: number): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at < content.length; at += chunkBytes) {
    const chunk = content.subarray(at, at + chunkBytes);
    parts.push(Buffer.from(`${chunk.length.toString(16)}\r\n`), chunk, Buffer.from('\r\n'));
  }
  return Buffer.concat(parts);
}

describe(`${CLIENTS} clients of a proxy at once`, () => {
  const folder = new AppFolder({ 'main.py': answering('app') });
  const path = join(folder.path, 'kirin.sock');
  const upstreamPath = join(folder.path, 'upstream.sock');
  const sockets = new Set<Socket>();
  /** What the upstream does with each connection. */
  let serve: (socket: Socket) => void = () => {};
  let upstream: Server;
  let kirin: KirinProcess;
  let clients: CountingClient[] = [];

  before(async () => {
    upstream = createServer({ allowHalfOpen: true }, (socket) => {
      sockets.add(socket);
      socket.on('error', () => {}).on('close', () => sockets.delete(socket));
      serve(socket);
    });
    await new Promise<void>((resolve) =>
      upstream.listen({ path: upstreamPath, backlog: 2 * CLIENTS }, resolve),
    );
    const route = (name: string, more: string) =>
      `[[sites.routes]]\npath = "/${name}"\nproxy = { to = "http://unix:${upstreamPath}", ${more} }\n`;
    folder.write(
      'kirin.toml',
      `app = "main:app"\nworkers = 1\nbind = "unix:${path}"\n[[sites]]\n` +
        route('buffered', 'buffering = true') +
        route('streamed', 'buffering = false, request_buffering = false'),
    );
  });

  // Memory that was used once stays with the process: each is measured by itself.
  async function start(): Promise<number> {
    kirin = await startKirin({ bind: [], cwd: folder.path });
    return pssBytes(kirin.edgePid());
  }

  afterEach(async () => {
    for (const { socket } of clients) socket.destroy();
    for (const socket of sockets) socket.destroy();
    clients = [];
    await kirin.stop();
  });

  after(() => {
    upstream.close();
    folder.remove();
  });

  async function assertOthersAreServed(): Promise<void> {
    const { status } = await exchange({ path }, 'GET /app HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
    assert.equal(status, 200);
  }

  function assertBounded(before: number): void {
    const grown = pssBytes(kirin.edgePid()) - before;
    const mostBytes = BYTES_FOR_ALL + CLIENTS * BYTES_PER_CLIENT;
    assert.ok(grown < mostBytes, `${grown >> 20} MB more, ${mostBytes >> 20} MB may be`);
  }

  /** Nothing has moved for a moment. */
  async function settled(count: () => number): Promise<void> {
    await waitFor(() => count() > 0, PATIENCE);
    await waitUntilStill(count, 500, PATIENCE);
  }

  for (const name of ['streamed', 'buffered']) {
    it(`that read nothing of their responses cost little memory, hold up nobody, and get all once they read (${name})`, async () => {
      let sent = 0;
      serve = (socket) =>
        socket.on('data', () => {
          socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${BODY_BYTES}\r\n\r\n`);
          let at = 0;
          const goOn = () => {
            while (at < BODY_BYTES) {
              const piece = body.subarray(at, at + 65_536);
              at += piece.length;
              sent += piece.length;
              if (!socket.write(piece)) return;
            }
          };
          socket.removeAllListeners('drain').on('drain', goOn);
          goOn();
        });
      const before = await start();
      clients = Array.from({ length: CLIENTS }, () => {
        const client = new CountingClient(path, `GET /${name} HTTP/1.1\r\nHost: a\r\n\r\n`, body);
        client.socket.pause();
        return client;
      });
      if (name === 'streamed') await settled(() => sent);
      // It is rid of them, whoever reads.
      else await waitFor(() => sent === CLIENTS * BODY_BYTES, PATIENCE);
      await assertOthersAreServed();
      assertBounded(before);
      if (name === 'streamed') assert.ok(sent < (CLIENTS * BODY_BYTES) / 2, 'the upstream waits');
      for (const { socket } of clients) socket.resume();
      await waitFor(() => clients.every(({ isServed }) => isServed), PATIENCE);
      assertBounded(before);
    });

    it(`whose upstreams send a little at a time cost little memory (${name})`, async () => {
      const ends: (() => void)[] = [];
      let turns = 0;
      serve = (socket) =>
        socket.on('data', () => {
          socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${BODY_BYTES}\r\n\r\n`);
          let at = 0;
          const trickle = setInterval(() => {
            turns += 1;
            socket.write(body.subarray(at, at + 10));
            at += 10;
          }, 20);
          socket.once('close', () => clearInterval(trickle));
          ends.push(() => {
            clearInterval(trickle);
            socket.write(body.subarray(at));
          });
        });
      const before = await start();
      const request = `GET /${name} HTTP/1.1\r\nHost: a\r\n\r\n`;
      clients = Array.from({ length: CLIENTS }, () => new CountingClient(path, request, body));
      await waitFor(() => ends.length === CLIENTS && turns > 10 * CLIENTS, PATIENCE);
      await assertOthersAreServed();
      assertBounded(before);
      for (const end of ends) end();
      await waitFor(() => clients.every(({ isServed }) => isServed), PATIENCE);
      assertBounded(before);
    });

    it(`that send their bodies a little at a time cost little memory (${name})`, async () => {
      const upload = body.subarray(0, UPLOAD_BYTES);
      const reader = createHttpServer((request, response) => {
        let got = 0;
        let isSame = true;
        request.on('data', (data: Buffer) => {
          isSame &&= data.equals(upload.subarray(got, got + data.length));
          got += data.length;
        });
        request.on('end', () => response.end(isSame && got === UPLOAD_BYTES ? 'same' : 'else'));
      });
      serve = (socket) => reader.emit('connection', socket);
      const before = await start();
      const head = `POST /${name} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n`;
      clients = Array.from({ length: CLIENTS }, () => new CountingClient(path, head, Buffer.from('same')));
      let sent = 0;
      const sendTo = async (end: number, chunkBytes: number) => {
        const chunks = asChunks(upload.subarray(sent, end), chunkBytes);
        sent = end;
        for (const { socket } of clients) socket.write(chunks);
        await waitFor(() => clients.every(({ socket }) => socket.writableLength === 0), PATIENCE);
      };
      await sendTo(UPLOAD_BYTES / 2, 1000);
      for (let turn = 0; turn < TURNS; turn += 1) await sendTo(sent + TINY_BYTES, 1);
      await assertOthersAreServed();
      assertBounded(before);
      await sendTo(UPLOAD_BYTES, 1000);
      for (const { socket } of clients) socket.write('0\r\n\r\n');
      await waitFor(() => clients.every(({ isServed }) => isServed), PATIENCE);
      assertBounded(before);
    });

    it(`that send their bodies to an upstream that reads nothing yet cost little memory (${name})`, async () => {
      let taken = 0;
      let opens = false;
      const readAll = (socket: Socket) => {
        let got = 0;
        socket.on('data', (data: Buffer) => {
          got += data.length;
          taken += data.length;
          if (got > BODY_BYTES) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndone');
        });
      };
      const waiting: Socket[] = [];
      serve = (socket) => {
        if (opens) readAll(socket);
        else waiting.push(socket.pause());
      };
      const before = await start();
      const head = `POST /${name} HTTP/1.1\r\nHost: a\r\nContent-Length: ${BODY_BYTES}\r\n\r\n`;
      clients = Array.from({ length: CLIENTS }, () => {
        const client = new CountingClient(path, head, Buffer.from('done'));
        client.socket.write(body);
        return client;
      });
      await waitFor(() => waiting.length === CLIENTS, PATIENCE);
      await settled(() =>
        clients.reduce((sum, { socket }) => sum + socket.bytesWritten - socket.writableLength, 0),
      );
      await assertOthersAreServed();
      assertBounded(before);
      opens = true;
      for (const socket of waiting) readAll(socket);
      for (const socket of waiting) socket.resume();
      await waitFor(() => clients.every(({ isServed }) => isServed), PATIENCE);
      assert.ok(taken > CLIENTS * BODY_BYTES);
      assertBounded(before);
    });
  }
});
