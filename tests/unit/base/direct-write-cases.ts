import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { after, afterEach, before, describe, it } from 'node:test';
import { writeLent, writeText, writeTogether } from '../../../src/base/direct-write.ts';
import { RawConnection } from '../../support/raw-connection.ts';
import { makeTemporaryFolder, removeFolder } from '../../support/temporary-folder.ts';
import { waitFor } from '../../support/wait-for.ts';

/** More than any system buffers for a connection. */
const MAX_FILL_BYTES = 64 << 20;

/** One way to write a given text, which may be cut anywhere. */
type Writing = (socket: Socket, text: string) => void;

const bytesOf = (text: string): Buffer => Buffer.from(text, 'latin1');
const together: Writing = (socket, text) => writeTogether(socket, text.slice(0, 9), bytesOf(text.slice(9)));
/** What was lent is another's at once. */
const lent: Writing = (socket, text) => {
  const bytes = bytesOf(text.slice(9));
  writeLent(socket, text.slice(0, 9), bytes);
  bytes.fill('?');
};

const WRITINGS: Readonly<Record<string, { readonly size: number; readonly write: Writing }>> = {
  'a short text': { size: 300, write: writeText },
  'a text': { size: 16_000, write: writeText },
  'a long text': { size: 100_000, write: writeText },
  'a text with a few bytes': { size: 500, write: together },
  'a text with bytes': { size: 12_000, write: together },
  'a text with many bytes': { size: 100_000, write: together },
  'a text with lent bytes': { size: 12_000, write: lent },
  'a text with many lent bytes': { size: 100_000, write: lent },
};

/** No two are alike, nor any two of their parts. */
class Texts {
  #number = 0;
  all = '';

  next(size: number): string {
    let text = '';
    while (text.length < size) text += `${++this.#number} \u00e9\n`;
    const cut = text.slice(0, size);
    this.all += cut;
    return cut;
  }
}

/** Writes until the peer's side is full, and the socket keeps what does not fit. */
function fill(socket: Socket, size: number, write: Writing): Texts {
  const texts = new Texts();
  while (socket.writableLength === 0) {
    write(socket, texts.next(size));
    assert.ok(texts.all.length < MAX_FILL_BYTES, 'somebody takes what the client does not read');
  }
  return texts;
}

/** What has to hold however this Node writes. `isDirect`: whether the stream is left out. */
export function describeWriting(name: string, isDirect: boolean): void {
  for (const kind of ['TCP', 'a unix socket']) {
    describe(`${name}, over ${kind}`, () => {
      const folder = makeTemporaryFolder();
      const path = join(folder, 'listener');
      let listener: Server;
      const clients: RawConnection[] = [];
      const sockets: Socket[] = [];

      before(async () => {
        listener = createServer({ pauseOnConnect: true, allowHalfOpen: true });
        if (kind === 'TCP') listener.listen(0, '127.0.0.1');
        else listener.listen(path);
        await once(listener, 'listening');
      });

      afterEach(() => {
        for (const client of clients.splice(0)) client.destroy();
        for (const socket of sockets.splice(0)) socket.destroy();
      });

      after(() => {
        listener.close();
        removeFolder(folder);
      });

      function target(): { port: number } | { path: string } {
        const address = listener.address();
        return typeof address === 'string' ? { path: address } : { port: address?.port ?? 0 };
      }

      async function open(): Promise<{ socket: Socket; client: RawConnection }> {
        const [[socket], client] = await Promise.all([
          once(listener, 'connection') as Promise<[Socket]>,
          RawConnection.open(target()),
        ]);
        socket.setNoDelay(true);
        sockets.push(socket);
        clients.push(client);
        return { socket, client };
      }

      /** One whose client reads nothing, and what has been written to it. */
      async function openFull(size = 16_000, write = writeText) {
        const { socket, client } = await open();
        client.pause();
        return { socket, client, texts: fill(socket, size, write) };
      }

      it(isDirect ? 'leaves out the stream' : 'goes through the stream', async () => {
        const { socket, client } = await open();
        writeText(socket, 'first ');
        let streamed = 0;
        const usual = socket._write;
        const usualTogether = socket._writev;
        socket._write = (...parts) => {
          streamed += 1;
          usual.apply(socket, parts);
        };
        socket._writev = (...parts) => {
          streamed += 1;
          usualTogether?.apply(socket, parts);
        };
        writeText(socket, 'second ');
        writeTogether(socket, 'third', bytesOf('!'));
        assert.equal((await client.peek(19)).toString(), 'first second third!');
        assert.equal(streamed > 0, !isDirect);
      });

      it('keeps the order of whatever is written in whatever way', async () => {
        const { socket, client } = await open();
        writeText(socket, 'a');
        socket.write('b');
        writeTogether(socket, 'c', bytesOf('d'));
        socket.cork();
        socket.write('e');
        writeText(socket, 'f');
        writeTogether(socket, 'g', bytesOf('h'));
        socket.uncork();
        writeText(socket, 'i');
        writeTogether(socket, 'j', Buffer.alloc(100_000, 'k'));
        socket.end('l');
        assert.equal((await client.readToEnd()).toString(), `abcdefghij${'k'.repeat(100_000)}l`);
        assert.equal(socket.bytesWritten, 100_011);
        assert.equal(socket.writableLength, 0);
      });

      for (const [what, { size, write }] of Object.entries(WRITINGS)) {
        it(`keeps what does not fit of ${what}, and all that follows, until the peer reads`, async () => {
          const { socket, client, texts } = await openFull(size, write);
          assert.ok(socket.writableLength <= size, 'only the last of them is kept');
          for (const other of Object.values(WRITINGS)) other.write(socket, texts.next(other.size));
          socket.write(bytesOf(texts.next(10)));
          assert.equal(socket.writableNeedDrain, true);
          const hasDrained = once(socket, 'drain');
          client.resume();
          await hasDrained;
          writeText(socket, texts.next(300));
          assert.ok((await client.peek(texts.all.length)).equals(bytesOf(texts.all)), 'whole, and in order');
          assert.equal(socket.bytesWritten, texts.all.length);
        });
      }

      it('fills up again and again', async () => {
        const { socket, client, texts } = await openFull();
        for (let time = 0; time < 5; time += 1) {
          client.resume();
          await waitFor(() => socket.writableLength === 0);
          client.pause();
          for (let number = 0; number < 2000 && socket.writableLength === 0; number += 1) {
            together(socket, texts.next(900));
          }
        }
        client.resume();
        assert.ok((await client.peek(texts.all.length)).equals(bytesOf(texts.all)), 'whole, and in order');
      });

      it('keeps what does not fit for many at once, while others take all', async () => {
        const quick = await open();
        const full: Awaited<ReturnType<typeof openFull>>[] = [];
        let sent = '';
        for (let number = 0; number < 6; number += 1) {
          full.push(await openFull(16_000, number % 2 ? writeText : together));
          writeText(quick.socket, `${number}`);
          writeTogether(quick.socket, '-', bytesOf(`${number}`));
          sent += `${number}-${number}`;
          assert.equal(quick.socket.writableLength, 0);
        }
        assert.equal((await quick.client.peek(sent.length)).toString(), sent);
        for (const { socket, client, texts } of full) {
          client.resume();
          assert.ok((await client.peek(texts.all.length)).equals(bytesOf(texts.all)), 'whole, and in order');
          await waitFor(() => socket.writableLength === 0);
        }
      });

      it('ends after what is kept', async () => {
        const { socket, client, texts } = await openFull();
        socket.end();
        client.resume();
        assert.ok((await client.readToEnd()).equals(bytesOf(texts.all)), 'whole, and in order');
      });

      it('tells of a peer that has gone', async () => {
        const { socket, client } = await open();
        writeText(socket, 'there');
        await client.peek(5);
        let error: NodeJS.ErrnoException | null = null;
        socket.on('error', (failure) => {
          error = failure;
        });
        client.destroy();
        await waitFor(() => {
          writeText(socket, 'still?');
          return socket.destroyed;
        });
        await waitFor(() => error !== null);
        const { code, syscall } = error as unknown as NodeJS.ErrnoException;
        assert.match(`${code} of ${syscall}`, /^(EPIPE|ECONNRESET) of write$/);
      });

      it('tells of a peer that goes while something is kept for it', async () => {
        const { socket, client } = await openFull();
        const hasFailed = once(socket, 'error');
        client.destroy();
        const [{ code, syscall }] = (await hasFailed) as [NodeJS.ErrnoException];
        assert.match(`${code} of ${syscall}`, /^(EPIPE|ECONNRESET) of write$/);
        await waitFor(() => socket.destroyed);
      });

      it('takes and throws away what comes after the end of the socket', async () => {
        const { socket, client } = await open();
        writeText(socket, 'all');
        await client.peek(3);
        const hasClosed = once(socket, 'close');
        socket.destroy();
        writeText(socket, 'more');
        writeTogether(socket, 'and', bytesOf('more'));
        await hasClosed;
        writeText(socket, 'and more');
        assert.equal((await client.readToEnd()).toString(), 'all');
      });

      it('forgets what is kept when the socket is destroyed', async () => {
        const { socket, client, texts } = await openFull();
        const hasClosed = once(socket, 'close');
        socket.destroy();
        await hasClosed;
        client.resume();
        assert.ok((await client.readToEnd()).length < texts.all.length);
      });

      it('lets a timeout tell of a peer that reads nothing', async () => {
        const { socket } = await openFull();
        socket.setTimeout(30);
        await once(socket, 'timeout');
        assert.ok(socket.writableLength > 0);
      });

      it('counts as a sign of life for a timeout', async () => {
        const { socket, client } = await open();
        let hasTimedOut = false;
        socket.setTimeout(60_000).on('timeout', () => {
          hasTimedOut = true;
        });
        const timeoutOf = Object.getOwnPropertySymbols(socket).find(
          ({ description }) => description === 'timeout',
        );
        assert.ok(timeoutOf !== undefined);
        const timer = Reflect.get(socket, timeoutOf) as { refresh: () => unknown };
        let refreshed = 0;
        const { refresh } = timer;
        timer.refresh = () => {
          refreshed += 1;
          return refresh.call(timer);
        };
        writeText(socket, 'one');
        writeTogether(socket, 'two', bytesOf('!'));
        await client.peek(7);
        assert.ok(refreshed >= 2 && !hasTimedOut);
      });

      it('waits for a connection that has yet to be made', async () => {
        const made = once(listener, 'connection') as Promise<[Socket]>;
        const socket = connect(target());
        sockets.push(socket);
        writeText(socket, 'a');
        writeTogether(socket, 'b', bytesOf('c'));
        const [far] = await made;
        sockets.push(far);
        let received = '';
        far.on('data', (bytes: Buffer) => {
          received += bytes.toString();
        });
        far.resume();
        await waitFor(() => received === 'abc');
      });
    });
  }
}
