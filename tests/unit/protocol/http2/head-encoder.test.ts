import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HeadEncoder } from '../../../../src/protocol/http2/head-encoder.ts';
import { HpackDecoder } from '../../../../src/protocol/http2/hpack/decoder.ts';
import { Random } from '../../../support/random.ts';

const NO_LIMIT = 1_000_000_000;
const DATE = 'Date: Wed, 01 Jan 2025 00:00:00 GMT\r\n';

const headOf = (...lines: readonly string[]) => ['200 OK', ...lines, ''].join('\r\n');

/** Heads, and a client that reads them all. */
function encoding() {
  const encoder = new HeadEncoder();
  const decoder = new HpackDecoder(65_536);
  const encode = (head: string, more = '', status = 200): Buffer =>
    Buffer.from(encoder.encode(status, head, more));
  const read = (block: Buffer) => decoder.decode(block, 0, block.length, NO_LIMIT);
  return { encoder, encode, read };
}

const startsWithSize = (block: Buffer) => ((block[0] as number) & 0xe0) === 0x20;

describe('the heads of a connection', () => {
  it('are read as what they were', () => {
    const { encode, read } = encoding();
    assert.deepEqual(read(encode(headOf('Content-Type: text/plain', 'X-Own:  \xe9 '), DATE)), [
      ':status',
      '200',
      'content-type',
      'text/plain',
      'x-own',
      '\xe9',
      'date',
      'Wed, 01 Jan 2025 00:00:00 GMT',
    ]);
    assert.deepEqual(read(encode('404 Not Found\r\n', '', 404)), [':status', '404']);
  });

  it('are the same bytes where they are the same head', () => {
    const { encoder, encode, read } = encoding();
    const head = headOf('Content-Type: text/plain', 'X-Own: 1');
    const first = encode(head, DATE);
    const second = encode(head, DATE);
    assert.ok(second.length < first.length);
    assert.deepEqual(encode(head, DATE), second);
    assert.equal(encoder.encode(200, head, DATE), encoder.encode(200, head, DATE));
    const fields = read(first);
    assert.deepEqual(read(second), fields);
  });

  it('are kept where they are small, the latest of them', () => {
    const { encoder } = encoding();
    const encode = (head: string) => encoder.encode(200, head, '');
    const values = [...'abcdefgh'];
    const heads = values.flatMap((one) =>
      values.flatMap((other) =>
        ['x', 'y'].map((third) => headOf(`X-One: ${one}`, `X-Other: ${other}`, `X-Third: ${third}`)),
      ),
    );
    // From then on, nothing changes the table.
    for (const head of [...heads, ...heads]) encode(head);
    encode(heads[0] as string);
    const first = encode(heads[0] as string);
    assert.equal(encode(heads[0] as string), first);
    for (const head of heads) {
      encode(head);
      const block = encode(head);
      assert.equal(encode(head), block);
    }
    assert.notEqual(encode(heads[0] as string), first);
    const large = headOf(`X-Own: ${'|'.repeat(4000)}`);
    encode(large);
    const block = encode(large);
    assert.notEqual(encode(large), block);
  });

  it('are others where the server adds others', () => {
    const { encode, read } = encoding();
    const head = headOf('X-Own: 1');
    for (const more of ['', DATE, 'Content-Length: 1\r\n', 'Content-Length: 2\r\n', '', DATE]) {
      for (let count = 0; count < 3; count++) {
        const fields = read(encode(head, more));
        assert.deepEqual(fields.slice(0, 4), [':status', '200', 'x-own', '1']);
        const added = more === '' ? [] : [more.slice(0, more.indexOf(':')).toLowerCase()];
        assert.deepEqual(fields.slice(4, 5), added);
      }
    }
  });

  it('are made anew once others have changed the table', () => {
    const { encode, read } = encoding();
    const head = headOf('X-Own: kept');
    const fields = read(encode(head));
    for (let count = 0; count < 200; count++) {
      read(encode(headOf(`X-Other-${count}: ${'v'.repeat(count)}`)));
      assert.deepEqual(read(encode(head)), fields, `after ${count} others`);
    }
  });

  it('tell the client the size of its table once', () => {
    const { encoder, encode, read } = encoding();
    const head = headOf('X-Own: 1');
    const fields = read(encode(head));
    assert.deepEqual(read(encode(head)), fields);
    encoder.setMaxTableBytes(100);
    const [first, second, third] = [encode(head), encode(head), encode(head)];
    assert.deepEqual([first, second, third].map(startsWithSize), [true, false, false]);
    for (const block of [first, second, third]) assert.deepEqual(read(block), fields);
  });

  it('say nothing of a table that is larger than what is used, or as large as it was', () => {
    const { encoder, encode, read } = encoding();
    for (const bytes of [65_536, 4096, 2 ** 32 - 1]) {
      encoder.setMaxTableBytes(bytes);
      const block = encode(headOf('X-Own: 1'));
      assert.ok(!startsWithSize(block));
      assert.deepEqual(read(block), [':status', '200', 'x-own', '1']);
    }
  });

  it('say how small the table has been, and how large it is', () => {
    const { encoder, encode, read } = encoding();
    const head = headOf('X-Own: 1');
    for (let count = 0; count < 3; count++) read(encode(head));
    encoder.setMaxTableBytes(0);
    encoder.setMaxTableBytes(4096);
    const block = encode(head);
    assert.deepEqual([...block.subarray(0, 4)], [0x20, 0x3f, 0xe1, 0x1f]);
    assert.deepEqual(read(block), [':status', '200', 'x-own', '1']);
    assert.deepEqual(read(encode(head)), [':status', '200', 'x-own', '1']);
  });

  it('may be as large as an application makes them', () => {
    const { encode, read } = encoding();
    for (const bytes of [1000, 1023, 1024, 1025, 5000, 16_000, 17_000, 300_000]) {
      const value = '|'.repeat(bytes);
      for (let count = 0; count < 3; count++) {
        assert.deepEqual(read(encode(headOf(`X-Large: ${value}`))), [':status', '200', 'x-large', value]);
      }
    }
  });

  it('are all read in their order, whatever they are, and whatever the client says of its table', () => {
    for (let seed = 1; seed <= 40; seed++) {
      const random = new Random(seed);
      const { encoder, encode, read } = encoding();
      const heads = Array.from({ length: 100 }, () =>
        headOf(
          ...Array.from(
            { length: random.below(5) },
            () =>
              `${random.of(['ETag', 'Server', 'X-A', 'X-B', 'Set-Cookie'])}: ${'v'.repeat(random.below(random.of([4, 60, 900])))}`,
          ),
        ),
      );
      for (let count = 0; count < 60; count++) {
        while (random.chance(0.05)) encoder.setMaxTableBytes(random.of([0, 40, 300, 4096, 65_536]));
        const head = random.chance(0.7) ? (heads[random.below(3)] as string) : random.of(heads);
        const more = random.of(['', DATE]);
        const fresh = encoding();
        assert.deepEqual(
          read(encode(head, more)),
          fresh.read(fresh.encode(head, more)),
          `head ${count} of seed ${seed}`,
        );
      }
    }
  });
});
