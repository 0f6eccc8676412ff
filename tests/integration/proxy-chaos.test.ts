// Requests by the hundred to a server that does everything wrong that a server can, and to one beside it that does everything right in every way. KIRIN_CHAOS_SEED
// says which.

import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { askSite } from '../support/ask-site.ts';
import { RawUpstream } from '../support/fake-upstream.ts';
import { ProxyingKirin } from '../support/proxying-kirin.ts';
import { Random } from '../support/random.ts';
import { RawConnection } from '../support/raw-connection.ts';

const SEED = Number(process.env.KIRIN_CHAOS_SEED ?? 20250101);
const CLIENTS = 20;
const REQUESTS = 25;
const OK = 'HTTP/1.1 200 OK\r\n';

type Answer = (socket: Socket, body: string) => void;

const sized = (body: string) => `${OK}Content-Length: ${body.length}\r\n\r\n${body}`;

const chunked = (body: string) => {
  const chunks = (body.match(/.{1,7}/g) ?? []).map((piece) => `${piece.length.toString(16)}\r\n${piece}\r\n`);
  return `${OK}Transfer-Encoding: chunked\r\n\r\n${chunks.join('')}0\r\n\r\n`;
};

/** In two packets, cut anywhere. */
function inTwo(socket: Socket, text: string, share: number): void {
  const at = 1 + Math.floor(share * (text.length - 1));
  socket.write(text.slice(0, at));
  setTimeout(() => socket.write(text.slice(at)), 2);
}

const RIGHT: readonly Answer[] = [
  (socket, body) => socket.write(sized(body)),
  (socket, body) => socket.write(chunked(body)),
  (socket, body) => inTwo(socket, sized(body), 0.1),
  (socket, body) => inTwo(socket, sized(body), 0.9),
  (socket, body) => inTwo(socket, chunked(body), 0.7),
  (socket, body) => socket.end(`${OK}\r\n${body}`),
  (socket, body) => socket.end(sized(body).replace('OK', 'OK\r\nConnection: close')),
  (socket, body) => socket.write(`HTTP/1.1 103 Early Hints\r\n\r\n${sized(body)}`),
  // Without a word, behind what it has said: the next request finds it closed.
  (socket, body) => socket.end(sized(body)),
];

const WRONG: readonly Answer[] = [
  (socket) => socket.destroy(),
  (socket) => socket.resetAndDestroy(),
  (socket) => socket.end(`${OK}Content-Length: 100000\r\n\r\nhalf`),
  (socket) => socket.end(`${OK}Transfer-Encoding: chunked\r\n\r\n5\r\nab`),
  (socket) => socket.write(Buffer.from(Array.from({ length: 256 }, (_, i) => i))),
  (socket) => socket.write(`${OK}A: b\n\n`),
  (socket) => socket.write(`${OK}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`),
  (socket) => socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\nraw'),
  (socket) => socket.write(OK),
  () => {},
  (socket, body) => socket.write(sized(body) + sized('of nobody')),
];

/** Takes requests with and without a body, and answers each with its own target. */
function server(answers: readonly Answer[], pick: () => number): RawUpstream {
  return new RawUpstream((socket) => {
    let text = '';
    socket.on('end', () => socket.end());
    socket.on('data', (data: Buffer) => {
      text += data.toString('latin1');
      for (;;) {
        const end = text.indexOf('\r\n\r\n');
        const length = Number(/content-length: (\d+)/i.exec(text.slice(0, end))?.[1] ?? 0);
        if (end < 0 || text.length < end + 4 + length) return;
        const target = text.split(' ')[1] ?? '';
        text = text.slice(end + 4 + length);
        const answer = answers[Math.floor(pick() * answers.length)] as Answer;
        answer(socket, `<${target}>${'.'.repeat(Math.floor(pick() * 200))}`);
      }
    });
  });
}

describe('a proxy between bad servers and good ones', () => {
  const random = new Random(SEED);
  const uniform = () => random.next();
  const right = server(RIGHT, uniform);
  const wrong = server(WRONG, uniform);
  let kirin: ProxyingKirin;

  before(async () => {
    await right.start();
    await wrong.start();
    const route = (path: string, port: number, more: string) =>
      `[[sites.routes]]\npath = "${path}"\nproxy = { to = "http://127.0.0.1:${port}"${more} }`;
    const impatient = ', first_byte_timeout = "100ms", silence_timeout = "100ms"';
    const streaming = ', request_buffering = false, buffering = false';
    kirin = await ProxyingKirin.start(
      [
        route('/right', right.port, ''),
        route('/right-streamed', right.port, streaming),
        route('/wrong', wrong.port, impatient),
        route('/wrong-streamed', wrong.port, impatient + streaming),
      ].join('\n'),
    );
  });

  after(async () => {
    await kirin.stop();
    await right.stop();
    await wrong.stop();
  });

  async function askRight(target: string): Promise<void> {
    const { status, text } = await askSite(kirin.port, target);
    assert.equal(status, 200, target);
    assert.ok(text.startsWith(`<${target}>`), `${target} was answered ${text}`);
  }

  /** Whatever comes is no answer to anybody else. */
  async function askWrong(target: string, isLeaving: boolean): Promise<void> {
    const connection = await RawConnection.open({ port: kirin.port });
    connection.send(`POST ${target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 4\r\n\r\nbo`);
    if (isLeaving) {
      connection.reset();
      return;
    }
    connection.send('dy');
    const text = (await connection.readToEnd()).toString('latin1');
    connection.destroy();
    assert.match(text, /^HTTP\/1\.1 (200|502|504) /, target);
    assert.ok(!text.includes('of nobody'), target);
    for (const [, named] of text.matchAll(/<([^>]*)>/g)) assert.equal(named, target);
  }

  it(`gives everybody the answer to his own request, with the seed ${SEED}`, async () => {
    let count = 0;
    const client = async () => {
      for (let i = 0; i < REQUESTS; i += 1) {
        count += 1;
        const suffix = `${random.chance(0.5) ? '-streamed' : ''}/${count}`;
        if (random.chance(0.6)) await askRight(`/right${suffix}`);
        else await askWrong(`/wrong${suffix}`, random.chance(0.2));
      }
    };
    const edge = kirin.kirin.edgePid();
    await Promise.all(Array.from({ length: CLIENTS }, client));
    assert.equal(kirin.kirin.edgePid(), edge);
  });
});
