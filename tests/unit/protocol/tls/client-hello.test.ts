import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { before, describe, it } from 'node:test';
import { type ConnectionOptions, connect } from 'node:tls';
import { readClientHello } from '../../../../src/protocol/tls/client-hello.ts';

const MAX = 32_768;
const NOTHING = { serverName: null, protocols: [] };

/** What a real client sends first. */
async function helloOf(options: ConnectionOptions): Promise<Buffer> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const client = connect({ port, host: '127.0.0.1', ...options });
  client.on('error', () => {});
  const [socket] = await once(server, 'connection');
  const [bytes] = (await once(socket, 'data')) as [Buffer];
  client.destroy();
  socket.destroy();
  server.close();
  return bytes;
}

/** The same message in records of that size. */
function inRecords(hello: Buffer, size: number): Buffer {
  const message = hello.subarray(5);
  const records: Buffer[] = [];
  for (let at = 0; at < message.length; at += size) {
    const part = message.subarray(at, at + size);
    records.push(Buffer.from([22, 3, 1, part.length >> 8, part.length & 255]), part);
  }
  return Buffer.concat(records);
}

describe('the hello of a TLS client', () => {
  let hello: Buffer;
  before(async () => {
    hello = await helloOf({ servername: 'Shop.Example', ALPNProtocols: ['h2', 'http/1.1'] });
  });
  const expected = { serverName: 'shop.example', protocols: ['h2', 'http/1.1'] };

  it('says which host it wants, and what it can speak', async () => {
    assert.deepEqual(readClientHello(hello, MAX), expected);
    const older = await helloOf({ servername: 'a.b', maxVersion: 'TLSv1.2' });
    assert.deepEqual(readClientHello(older, MAX), { serverName: 'a.b', protocols: [] });
  });

  it('may say neither', async () => {
    assert.deepEqual(readClientHello(await helloOf({ servername: '' }), MAX), NOTHING);
  });

  it('is read whatever comes behind it', () => {
    assert.deepEqual(readClientHello(Buffer.concat([hello, Buffer.from('more')]), MAX), expected);
  });

  it('may come in any two pieces, and says how much is needed', () => {
    for (let length = 0; length < hello.length; length += 1) {
      const read = readClientHello(hello.subarray(0, length), MAX);
      assert.ok('atLeast' in read, `${length} bytes`);
      assert.ok(read.atLeast > length && read.atLeast <= hello.length, `${length}: ${read.atLeast}`);
    }
  });

  it('may be spread over records of any size', () => {
    for (const size of [1, 3, 4, 5, 100]) {
      const bytes = inRecords(hello, size);
      assert.deepEqual(readClientHello(bytes, MAX), expected, `${size}`);
      for (let length = 0; length < bytes.length; ) {
        const read = readClientHello(bytes.subarray(0, length), MAX);
        assert.ok('atLeast' in read && read.atLeast > length && read.atLeast <= bytes.length);
        length = read.atLeast - 1 > length ? read.atLeast - 1 : read.atLeast;
      }
    }
  });

  it('says nothing where a length in it is wrong, wherever that is', () => {
    for (let at = 5 + 38; at < hello.length; at += 1) {
      const broken = Buffer.from(hello);
      broken[at] = 0xff;
      const read = readClientHello(broken, MAX);
      assert.ok('serverName' in read, `${at}`);
    }
    const cut = Buffer.from(hello);
    // The list of extensions is longer than the message.
    cut.writeUInt8((cut[5 + 38] as number) + 200, 5 + 38);
    assert.deepEqual(readClientHello(cut, MAX), NOTHING);
  });

  it('is not waited for beyond a limit', () => {
    const header = Buffer.from([22, 3, 1, 0x40, 0, 1, 0, 0xff, 0xff]);
    assert.deepEqual(readClientHello(Buffer.concat([header, Buffer.alloc(0x3ffc)]), 16_384), NOTHING);
  });

  it('is nothing that another record, another message or an empty record begins', () => {
    for (const bytes of [
      [21, 3, 1, 0, 2, 1, 0],
      [22, 3, 1, 0, 4, 2, 0, 0, 0],
      [22, 3, 1, 0, 0],
    ]) {
      assert.deepEqual(readClientHello(Buffer.from(bytes), MAX), NOTHING);
    }
  });
});
