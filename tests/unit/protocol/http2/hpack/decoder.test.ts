import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HpackDecoder } from '../../../../../src/protocol/http2/hpack/decoder.ts';
import { decode, decodeNew, hex, NO_LIMIT, tableOf } from './hpack-reading.ts';
import { SERIES, SINGLE_FIELDS } from './rfc7541-examples.ts';

const bytesOf = (entries: readonly (readonly [string, string])[]) =>
  entries.reduce((sum, [name, value]) => sum + name.length + value.length + 32, 0);

/** A literal without indexing, its texts as they are; up to 126 bytes each. */
const literal = (name: string, value: string, first = 0) =>
  Buffer.from([first, name.length, ...Buffer.from(name), value.length, ...Buffer.from(value)]);

/** With its name and 32 bytes beside it, it fills the table. */
const FILLING = Buffer.concat([hex('41 7fd71e'), Buffer.alloc(4096 - 32 - 10, 'x')]);

describe('the examples of RFC 7541', () => {
  for (const { title, block, fields, table } of SINGLE_FIELDS) {
    it(title, () => {
      const decoder = new HpackDecoder(4096);
      assert.deepEqual(decode(decoder, hex(block)), fields);
      assert.deepEqual(tableOf(decoder), table);
    });
  }

  for (const { title, maxTableBytes, steps } of SERIES) {
    it(title, () => {
      const decoder = new HpackDecoder(maxTableBytes);
      for (const { block, fields, table, tableBytes } of steps) {
        assert.deepEqual(decode(decoder, hex(block)), fields);
        assert.deepEqual(tableOf(decoder), table);
        assert.equal(bytesOf(table), tableBytes);
      }
    });
  }
});

describe('a block is broken', () => {
  for (const [what, digits] of [
    ['by index 0', '80'],
    ['by an index behind the tables', 'be'],
    ['by a name with an index behind the tables', '7e 0161'],
    ['by a name without indexing with an index behind the tables', '0f2f 0161'],
    ['by an index above 2^31-1', 'ff 81ffffff07'],
    ['by an index that goes on after five bytes', 'ff 808080808000'],
    ['when it ends within an index', 'ff'],
    ['when it ends within a longer index', 'ff80'],
    ['when it ends before a name', '40'],
    ['when it ends within the length of a name', '407f'],
    ['when it ends within a name', '40026b'],
    ['when it ends before a value', '40016b'],
    ['when it ends before the value of a known name', '44'],
    ['when it ends within a value', '44032f61'],
    ['when it ends within a value of Huffman', '4482ff'],
    ['by a length above 2^31-1', '447f 81ffffff0f'],
    ['by a length that goes on after five bytes', '447f 808080808000'],
    ['by EOS', '4484 ffffffff'],
    ['by EOS behind a character', '4485 1fffffffff'],
    ['by eight bits of padding', '4482 f8ff'],
    ['by nothing but eight bits of padding', '4481 ff'],
    ['by zeros as padding', '4481 18'],
    ['by padding that is not all ones', '4481 1d'],
    ['by a code that ends in the middle', '4482 fff0'],
    ['by a long code that ends in the middle', '4484 fffffff0'],
    ['by a size of the table above the limit', '3fe21f'],
    ['by a size of the table above 2^31-1', '3f e1ffffff07'],
    ['by a size of the table behind a field', '82 20'],
    ['by a size of the table that is cut off', '3f'],
  ] as const) {
    it(what, () => assert.equal(decodeNew(digits), 'broken'));
  }

  it('wherever it is cut off within a field', () => {
    const block = hex('408825a849e95ba97d7f8925a849e95bb8e8b4bf');
    assert.deepEqual(decode(new HpackDecoder(4096), block), ['custom-key', 'custom-value']);
    for (let end = 1; end < block.length; end++) {
      assert.equal(decode(new HpackDecoder(4096), block.subarray(0, end)), 'broken', `after ${end} bytes`);
    }
  });
});

describe('a block is taken', () => {
  for (const [what, digits, fields] of [
    ['without anything', '', []],
    ['with the last static index', 'bd', ['www-authenticate', '']],
    ['with an empty name and an empty value', '00 00 00', ['', '']],
    ['with an empty value of Huffman', '04 80', [':path', '']],
    ['with a length of 127 in two bytes', `04 7f00 ${'61'.repeat(127)}`, [':path', 'a'.repeat(127)]],
    ['with an integer of more bytes than it needs', '0f 8080808000 0161', ['accept-charset', 'a']],
    ['with no padding', '04 85 18c6318c63', [':path', 'aaaaaaaa']],
    ['with seven bits of padding', '04 83 1a8aff', [':path', 'a %']],
    ['with all bytes of latin-1', '04 03 00ff80', [':path', '\x00\xff\x80']],
    ['with a size of the table at the limit', '3fe11f 82', [':method', 'GET']],
    ['with sizes of the table, one after the other', '20 3fe11f 82', [':method', 'GET']],
  ] as const) {
    it(what, () => {
      assert.deepEqual(decodeNew(digits), fields);
    });
  }
});

describe('the table of a decoder', () => {
  it('takes what fills it', () => {
    const decoder = new HpackDecoder(4096);
    decode(decoder, literal('a', 'b', 0x40));
    assert.deepEqual(decode(decoder, FILLING), [':authority', 'x'.repeat(4054)]);
    assert.equal(tableOf(decoder).length, 1);
  });

  it('is emptied by what is a byte too large, which counts nevertheless', () => {
    const decoder = new HpackDecoder(4095);
    decode(decoder, literal('a', 'b', 0x40));
    assert.deepEqual(decode(decoder, FILLING), [':authority', 'x'.repeat(4054)]);
    assert.deepEqual(tableOf(decoder), []);
  });

  it('forgets the oldest, one after the other', () => {
    const decoder = new HpackDecoder(3 * 34);
    for (let number = 0; number < 200; number++) {
      decode(decoder, literal('a', String.fromCharCode(48 + (number % 64)), 0x40));
      const expected = [number, number - 1, number - 2].filter((at) => at >= 0);
      assert.deepEqual(
        tableOf(decoder),
        expected.map((at) => ['a', String.fromCharCode(48 + (at % 64))]),
      );
    }
  });

  it('holds as many of the smallest entries as its size divided by 32', () => {
    const decoder = new HpackDecoder(4096);
    for (let number = 0; number < 300; number++) decode(decoder, hex('40 00 00'));
    assert.equal(tableOf(decoder).length, 128);
  });

  it('gives a name to an entry that pushes it out', () => {
    const decoder = new HpackDecoder(40);
    decode(decoder, literal('name', 'abc', 0x40));
    assert.deepEqual(decode(decoder, hex('7e 0478797a7a')), ['name', 'xyzz']);
    assert.deepEqual(tableOf(decoder), [['name', 'xyzz']]);
  });

  it('becomes smaller at once, and larger again up to the limit', () => {
    const decoder = new HpackDecoder(4096);
    decode(decoder, literal('a', 'b', 0x40));
    decode(decoder, literal('c', 'd', 0x40));
    assert.deepEqual(decode(decoder, hex('3f04')), [], 'to 35');
    assert.deepEqual(tableOf(decoder), [['c', 'd']]);
    decode(decoder, literal('e', 'f', 0x40));
    assert.deepEqual(tableOf(decoder), [['e', 'f']]);
    decode(decoder, hex('20 3fe11f'));
    assert.deepEqual(tableOf(decoder), []);
    for (const name of ['g', 'h']) decode(decoder, literal(name, '', 0x40));
    assert.deepEqual(tableOf(decoder).flat(), ['h', '', 'g', '']);
  });
});

describe('a list', () => {
  const block = Buffer.concat([hex('82'), literal('abc', 'de', 0x40), hex('be')]);
  /** RFC 9113 6.5.2. */
  const listBytes = 7 + 3 + 32 + 2 * (5 + 32);

  it('may be as large as the limit', () => {
    const fields = [':method', 'GET', 'abc', 'de', 'abc', 'de'];
    assert.deepEqual(decode(new HpackDecoder(4096), block, listBytes), fields);
  });

  it('is refused when it is a byte larger, and the table is in step', () => {
    const decoder = new HpackDecoder(4096);
    assert.equal(decode(decoder, block, listBytes - 1), 'too-large');
    assert.deepEqual(tableOf(decoder), [['abc', 'de']]);
  });

  it('is refused by its first field', () => {
    assert.equal(decodeNew('82', 41), 'too-large');
    assert.deepEqual(decodeNew('82', 42), [':method', 'GET']);
  });

  it('that is too large can be broken, too', () => assert.equal(decodeNew('82 80', 10), 'broken'));

  it('of bytes that stand for 4 kB each is not built', () => {
    const decoder = new HpackDecoder(4096);
    decode(decoder, FILLING);
    const bomb = Buffer.alloc(1 << 20, 0xbe);
    assert.equal(decode(decoder, bomb, 64_000), 'too-large');
  });
});

describe('the same block again', () => {
  const prime = () => {
    const decoder = new HpackDecoder(4096);
    decode(decoder, literal('abc', 'de', 0x40));
    return decoder;
  };
  const block = Buffer.concat([hex('82 be'), literal(':path', '/hello')]);

  it('has the very same fields', () => {
    const decoder = prime();
    const fields = decode(decoder, block);
    assert.deepEqual(fields, [':method', 'GET', 'abc', 'de', ':path', '/hello']);
    assert.equal(decode(decoder, block), fields);
    assert.equal(decode(decoder, block), fields);
  });

  it('is read when it changes the table', () => {
    const decoder = prime();
    const changing = Buffer.concat([hex('be'), literal('x', 'y', 0x40)]);
    assert.deepEqual(decode(decoder, changing), ['abc', 'de', 'x', 'y']);
    assert.deepEqual(decode(decoder, changing), ['x', 'y', 'x', 'y']);
  });

  it('is read when another has changed the table', () => {
    const decoder = prime();
    decode(decoder, block);
    decode(decoder, literal('x', 'y', 0x40));
    assert.deepEqual(decode(decoder, block), [':method', 'GET', 'x', 'y', ':path', '/hello']);
    decode(decoder, hex('20'));
    assert.equal(decode(decoder, block), 'broken');
  });

  it('is read when it is longer, or differs in any byte', () => {
    const decoder = prime();
    for (let at = 0; at < block.length; at++) {
      decode(decoder, block);
      const other = Buffer.from(block);
      other[at] = (other[at] as number) ^ 1;
      assert.deepEqual(decode(decoder, other), decode(prime(), other), `byte ${at}`);
    }
    decode(decoder, block);
    const longer = Buffer.concat([block, hex('82')]);
    assert.deepEqual(decode(decoder, longer), decode(prime(), longer));
    assert.deepEqual(decode(decoder, block), decode(prime(), block));
  });

  it('is too large when the limit is lower by then', () => {
    const decoder = prime();
    const fields = decode(decoder, block);
    assert.equal(decode(decoder, block, 100), 'too-large');
    assert.deepEqual(decode(decoder, block), fields);
    assert.equal(decode(prime(), block, 100), 'too-large');
  });

  it('is read when it is long', () => {
    const decoder = prime();
    const long = Buffer.alloc(600, 0x82);
    assert.deepEqual(decode(decoder, long), decode(decoder, long));
  });

  it('is the same where it comes in another buffer', () => {
    const decoder = prime();
    const fields = decoder.decode(block, 0, block.length, NO_LIMIT);
    assert.equal(
      decoder.decode(Buffer.concat([block, block]), block.length, 2 * block.length, NO_LIMIT),
      fields,
    );
  });
});
