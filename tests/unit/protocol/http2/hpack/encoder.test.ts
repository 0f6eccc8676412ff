import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HpackDecoder } from '../../../../../src/protocol/http2/hpack/decoder.ts';
import { HpackEncoder } from '../../../../../src/protocol/http2/hpack/encoder.ts';
import { decode, encode, hex, tableOf } from './hpack-reading.ts';
import { HUFFMAN_REQUESTS } from './rfc7541-examples.ts';

/** Both ends of a connection. */
class Pair {
  readonly encoder = new HpackEncoder();
  readonly decoder = new HpackDecoder(4096);

  /** @returns the block, which was decoded to the same fields */
  send(...fields: string[]): Buffer {
    const block = encode(this.encoder, fields);
    assert.deepEqual(decode(this.decoder, block), fields);
    return block;
  }

  get table(): readonly string[] {
    return tableOf(this.decoder).map(([name, value]) => `${name}: ${value}`);
  }
}

describe('a block', () => {
  it('is that of the examples in RFC 7541 C.4', () => {
    const encoder = new HpackEncoder();
    for (const { block, fields } of HUFFMAN_REQUESTS) assert.deepEqual(encode(encoder, fields), hex(block));
  });

  it('is empty for no fields', () => {
    assert.deepEqual(encode(new HpackEncoder(), []), hex(''));
  });

  it('of fields that were sent before has a byte for each', () => {
    const pair = new Pair();
    const fields = [
      ':status',
      '200',
      'content-type',
      'text/html',
      'server',
      'kirin',
      'x-own',
      'a',
      'x-own',
      'b',
    ];
    pair.send(...fields);
    assert.deepEqual(pair.send(...fields), hex('88 c1 c0 bf be'));
    assert.deepEqual(pair.table, ['x-own: b', 'x-own: a', 'server: kirin', 'content-type: text/html']);
  });

  it('has a text as it is where Huffman makes it no shorter', () => {
    const pair = new Pair();
    assert.deepEqual(pair.send('etag', '<>'), hex('0f13 02 3c3e'));
    assert.deepEqual(pair.send('etag', '1'), hex('0f13 01 31'));
    assert.deepEqual(pair.send('etag', '111'), hex('0f13 82 0843'));
    pair.send('etag', '\xff'.repeat(300));
  });

  it('has the length of a text before it, in as many bytes as that needs', () => {
    const pair = new Pair();
    // Five bits each with Huffman, and 26, which is not shorter.
    for (const [character, bits] of [
      ['0', 5],
      ['\xff', 8],
    ] as const) {
      for (const bytes of [126, 127, 128, 254, 255, 256, 16_510, 16_511, 16_512, 2_200_000]) {
        const block = pair.send('etag', character.repeat(Math.floor((bytes * 8) / bits)));
        const lengthBytes =
          bytes < 127 ? 1 : bytes < 255 ? 2 : bytes < 16_511 ? 3 : bytes < 2_097_279 ? 4 : 5;
        assert.equal(block.length, 2 + lengthBytes + bytes, `${bytes} bytes`);
      }
    }
  });

  it('refers to a name that is in neither table once it is in one', () => {
    const pair = new Pair();
    pair.send('x-own', '<1');
    assert.deepEqual(pair.send('x-own', '<2'), hex('7e 02 3c32'));
  });
});

describe('the table of an encoder', () => {
  it('does not get fields whose values hardly repeat', () => {
    const pair = new Pair();
    for (const name of [
      'content-length',
      'etag',
      'last-modified',
      'location',
      'age',
      'x-request-id',
      'range',
    ]) {
      const block = pair.send(name, 'x');
      assert.equal((block[0] as number) & 0xf0, 0, name);
      assert.deepEqual(pair.send(name, 'x'), block);
    }
    assert.deepEqual(pair.table, []);
    assert.equal(pair.encoder.changes, 0);
  });

  it('never gets secrets, nor does that of anybody in between', () => {
    const pair = new Pair();
    for (const name of ['set-cookie', 'authorization', 'proxy-authorization', 'cookie', 'x-csrf-token']) {
      const block = pair.send(name, 'secret');
      assert.equal((block[0] as number) & 0xf0, 0x10, name);
      assert.deepEqual(pair.send(name, 'secret'), block);
    }
    assert.deepEqual(pair.table, []);
    assert.equal(pair.encoder.changes, 0);
  });

  it('gets what takes up to three quarters of it', () => {
    const fitting = 'x'.repeat(3072 - 32 - 'x-own'.length);
    const pair = new Pair();
    pair.send('server', 'kirin');
    pair.send('x-own', `${fitting}x`);
    assert.deepEqual(pair.table, ['server: kirin']);
    pair.send('x-own', fitting);
    assert.deepEqual(pair.table, [`x-own: ${fitting}`, 'server: kirin']);
    assert.deepEqual(pair.send('x-own', fitting), hex('be'));
  });

  it('loses the oldest, and what is sent of them is sent in full', () => {
    const pair = new Pair();
    const random = Array.from({ length: 400 }, (_, number) => `${(number * 7919) % 83}`);
    for (const value of random)
      pair.send('x-a', value.repeat(20), `x-${value}`, 'b', 'x-a', value.repeat(20));
    assert.ok(pair.encoder.changes > 100);
  });

  it('no more gets values of a name of which eight were never sent again, but one that comes twice', () => {
    const pair = new Pair();
    for (let number = 1; number <= 20; number++) pair.send('x-own', `value ${number}`);
    assert.equal(pair.table.length, 8);
    const { changes } = pair.encoder;
    pair.send('x-own', 'again');
    assert.equal(pair.encoder.changes, changes);
    pair.send('x-own', 'again');
    assert.equal(pair.table[0], 'x-own: again');
    assert.deepEqual(pair.send('x-own', 'again'), hex('be'));
    pair.send('x-own', 'another');
    assert.equal(pair.table[0], 'x-own: another', 'some do repeat');
  });

  it('counts its changes, and nothing else', () => {
    const pair = new Pair();
    pair.send(':status', '200', 'server', 'kirin', 'etag', 'x');
    assert.equal(pair.encoder.changes, 1);
    const block = pair.send(':status', '200', 'server', 'kirin', 'etag', 'x');
    assert.equal(pair.encoder.changes, 1);
    assert.deepEqual(decode(pair.decoder, block), [':status', '200', 'server', 'kirin', 'etag', 'x']);
    pair.send(':status', '418');
    assert.equal(pair.encoder.changes, 2);
  });
});

describe('the size of the table', () => {
  it('is told at the start of the next block alone', () => {
    const pair = new Pair();
    pair.send('server', 'kirin');
    const { changes } = pair.encoder;
    pair.encoder.setMaxTableBytes(100);
    assert.ok(pair.encoder.changes > changes, 'a block from before must not be sent again');
    const told = pair.encoder.changes;
    assert.deepEqual(pair.send('server', 'kirin'), hex('3f45 be'));
    assert.ok(pair.encoder.changes > told, 'nor this one, which tells it');
    assert.deepEqual(pair.send('server', 'kirin'), hex('be'));
  });

  it('is told twice when it was lower in between', () => {
    const pair = new Pair();
    pair.send('server', 'kirin');
    pair.encoder.setMaxTableBytes(0);
    pair.encoder.setMaxTableBytes(64);
    pair.encoder.setMaxTableBytes(4096);
    assert.deepEqual(pair.send(':status', '200'), hex('20 3fe11f 88'));
    assert.deepEqual(pair.table, []);
    pair.send('server', 'kirin');
    assert.deepEqual(pair.table, ['server: kirin']);
  });

  it('is told once when it ends with the lowest', () => {
    const pair = new Pair();
    pair.encoder.setMaxTableBytes(200);
    pair.encoder.setMaxTableBytes(100);
    assert.deepEqual(pair.send(':status', '200'), hex('3f45 88'));
  });

  it('is never more than 4096', () => {
    const pair = new Pair();
    pair.encoder.setMaxTableBytes(65_536);
    assert.deepEqual(pair.send(':status', '200'), hex('88'));
    assert.equal(pair.encoder.changes, 0);
    pair.encoder.setMaxTableBytes(10);
    pair.encoder.setMaxTableBytes(2 ** 32 - 1);
    assert.deepEqual(pair.send(':status', '200'), hex('2a 3fe11f 88'));
  });

  it('may be none', () => {
    const pair = new Pair();
    pair.send('server', 'kirin');
    pair.encoder.setMaxTableBytes(0);
    pair.send('server', 'kirin');
    const { changes } = pair.encoder;
    pair.send('server', 'kirin');
    assert.equal(pair.encoder.changes, changes);
    assert.deepEqual(pair.table, []);
  });
});
