import assert from 'node:assert/strict';
import { createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { type ChunkTaker, SocketReader } from '../../../src/base/socket-reader.ts';
import { acceptHandles } from '../../../src/edge/accept-handles.ts';
import { RawConnection } from '../../support/raw-connection.ts';
import { waitFor } from '../../support/wait-for.ts';

/** Keeps every chunk as it was given. */
class Keeper implements ChunkTaker {
  isReadingBody = false;
  readonly chunks: Buffer[] = [];
  readonly lent: Buffer[] = [];
  lentText = '';

  takeChunk(chunk: Buffer): void {
    this.chunks.push(chunk);
  }

  takeLentChunk(chunk: Buffer): void {
    this.lent.push(chunk);
    this.lentText += chunk.toString('latin1');
  }

  get keptBytes(): number {
    return this.chunks.reduce((sum, { length }) => sum + length, 0);
  }
}

describe('the reader of a socket', () => {
  let listener: Server;
  const sockets: Socket[] = [];
  const keepers: Keeper[] = [];
  const clients: RawConnection[] = [];

  beforeEach(async () => {
    listener = createServer();
    await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
    acceptHandles(listener, (handle) => {
      const reader = new SocketReader(handle);
      const keeper = new Keeper();
      reader.taker = keeper;
      sockets.push(reader.socket);
      keepers.push(keeper);
      return true;
    });
  });

  afterEach(() => {
    for (const client of clients.splice(0)) client.destroy();
    for (const socket of sockets.splice(0)) socket.destroy();
    keepers.splice(0);
    listener.close();
  });

  async function open(): Promise<{ client: RawConnection; keeper: Keeper; socket: Socket }> {
    const { port } = listener.address() as { port: number };
    const client = await RawConnection.open({ port });
    clients.push(client);
    const index = clients.length - 1;
    const keeper = await waitFor(() => keepers[index], { what: 'the connection' });
    return { client, keeper, socket: sockets[index] as Socket };
  }

  it('reads all sockets into the same memory', async () => {
    const [first, second] = [await open(), await open()];
    first.client.send('one');
    await waitFor(() => first.keeper.lentText === 'one', { what: 'the first bytes' });
    second.client.send('two');
    await waitFor(() => second.keeper.lentText === 'two', { what: 'the second bytes' });
    assert.equal(first.keeper.lent[0]?.toString(), 'two');
  });

  it('gives what belongs to a body memory of its own', async () => {
    const [uploading, other] = [await open(), await open()];
    uploading.keeper.isReadingBody = true;
    // What is read next has been asked for already.
    uploading.client.send('start');
    await waitFor(() => uploading.keeper.lentText === 'start', { what: 'the first bytes' });
    const body = Buffer.from(Array.from({ length: 1_000_000 }, (_, i) => i % 251));
    uploading.client.send(body);
    other.client.send('noise');
    await waitFor(() => uploading.keeper.keptBytes === body.length, { what: 'the body' });
    assert.ok(Buffer.concat(uploading.keeper.chunks).equals(body));
  });

  it('keeps no more memory alive than twice what has come', async () => {
    const { client, keeper } = await open();
    keeper.isReadingBody = true;
    client.send('start');
    await waitFor(() => keeper.lentText === 'start', { what: 'the first bytes' });
    for (let i = 1; i <= 20; i += 1) {
      client.send('x'.repeat(i * 300));
      const expected = (300 * i * (i + 1)) / 2;
      await waitFor(() => keeper.keptBytes === expected, { what: `piece ${i}` });
    }
    const held = new Set(keeper.chunks.map(({ buffer }) => buffer));
    const heldBytes = [...held].reduce((sum, { byteLength }) => sum + byteLength, 0);
    assert.ok(heldBytes <= 2 * keeper.keptBytes, `${heldBytes} for ${keeper.keptBytes}`);
  });

  it('goes back to the common memory after a body', async () => {
    const { client, keeper } = await open();
    keeper.isReadingBody = true;
    client.send('a');
    await waitFor(() => keeper.lentText === 'a', { what: 'the first byte' });
    client.send('b');
    await waitFor(() => keeper.keptBytes === 1, { what: 'the body' });
    keeper.isReadingBody = false;
    client.send('c');
    await waitFor(() => keeper.keptBytes === 2, { what: 'what had been asked for already' });
    client.send('d');
    await waitFor(() => keeper.lentText === 'ad', { what: 'the last byte' });
  });

  it('pauses, resumes and ends as other sockets do', async () => {
    const { client, keeper, socket } = await open();
    let hasEnded = false;
    socket.on('end', () => {
      hasEnded = true;
    });
    socket.pause();
    client.send('later');
    client.end();
    // A turn on which an unpaused socket would have been read.
    const witness = await open();
    witness.client.send('now');
    await waitFor(() => witness.keeper.lentText === 'now', { what: 'the other socket' });
    assert.equal(keeper.lentText, '');
    socket.resume();
    await waitFor(() => hasEnded, { what: 'the end' });
    assert.equal(keeper.lentText, 'later');
  });

  describe('of a socket that is always full', () => {
    const BYTES = 8 << 20;
    /** Chunks in the turn of the event loop that had most of them. */
    let mostInATurn = 0;
    let inThisTurn = 0;

    /** Sends until the system takes no more, so that nothing but the reader decides how much is read at once. */
    async function fill(): Promise<{ keeper: Keeper; socket: Socket }> {
      const { client, keeper, socket } = await open();
      keeper.isReadingBody = true;
      mostInATurn = 0;
      inThisTurn = 0;
      const take = keeper.takeChunk.bind(keeper);
      keeper.takeChunk = (chunk) => {
        if (inThisTurn === 0) setImmediate(() => (inThisTurn = 0));
        inThisTurn += 1;
        mostInATurn = Math.max(mostInATurn, inThisTurn);
        take(chunk);
      };
      socket.pause();
      client.send(Buffer.alloc(BYTES, 'x'));
      // The second turn finds the first bytes where they were left.
      for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
      return { keeper, socket };
    }

    it('reads some, then lets others have their turn', async () => {
      const { keeper, socket } = await fill();
      socket.resume();
      await waitFor(() => keeper.keptBytes + keeper.lentText.length === BYTES, { what: 'all of it' });
      assert.ok(mostInATurn <= 4, `${mostInATurn} chunks in one turn`);
    });

    it('stays paused when it is paused in its turn', async () => {
      const { keeper, socket } = await fill();
      const take = keeper.takeChunk;
      let isPaused = false;
      keeper.takeChunk = (chunk) => {
        take(chunk);
        if (isPaused || inThisTurn < 4) return;
        isPaused = true;
        socket.pause();
      };
      socket.resume();
      await waitFor(() => isPaused, { what: 'a full turn' });
      const { keptBytes } = keeper;
      const witness = await open();
      witness.client.send('now');
      await waitFor(() => witness.keeper.lentText === 'now', { what: 'the other socket' });
      assert.equal(keeper.keptBytes, keptBytes);
      socket.resume();
      await waitFor(() => keeper.keptBytes + keeper.lentText.length === BYTES, { what: 'all of it' });
    });
  });
});
