// KIRIN_FUZZ_CASES and KIRIN_FUZZ_SEED change how many cases there are, and which.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HpackDecoder } from '../../../../../src/protocol/http2/hpack/decoder.ts';
import { HpackEncoder } from '../../../../../src/protocol/http2/hpack/encoder.ts';
import { Random } from '../../../../support/random.ts';
import { decode, encode, NO_LIMIT, tableOf } from './hpack-reading.ts';
import { randomFields } from './random-fields.ts';

const CASES = Number(process.env.KIRIN_FUZZ_CASES ?? 4000);
const SEED = Number(process.env.KIRIN_FUZZ_SEED ?? 20250101);
const BLOCKS = 25;
const TABLE_SIZES = [0, 31, 32, 64, 100, 777, 4095, 4096, 65_536];

const randomBytes = (random: Random, most: number) =>
  Buffer.from(Array.from({ length: random.below(most + 1) }, () => random.below(256)));

/** Any bytes at all as texts. */
const wildFields = (random: Random) =>
  Array.from({ length: 2 * random.below(4) }, () => randomBytes(random, 40).toString('latin1'));

/** One to three bytes are others, missing, or more. */
function mutated(block: Buffer, random: Random): Buffer {
  let result = block;
  for (let count = random.between(1, 3); count > 0; count--) {
    const at = random.below(result.length + 1);
    const rest = result.subarray(at + random.below(2));
    const put = random.chance(0.7)
      ? Buffer.of(random.of([0, 0x20, 0x7f, 0x80, 0xbe, 0xff, random.below(256)]))
      : '';
    result = Buffer.concat([result.subarray(0, at), Buffer.from(put), rest]);
  }
  return result;
}

function forEachConnection(check: (random: Random) => void): void {
  for (let number = 0; number < CASES / BLOCKS; number++) {
    try {
      check(new Random(SEED + number));
    } catch (cause) {
      throw new Error(`connection ${number} of seed ${SEED}`, { cause });
    }
  }
}

test('any fields are decoded to what was encoded, whatever becomes of the table', () => {
  forEachConnection((random) => {
    const encoder = new HpackEncoder();
    const decoder = new HpackDecoder(4096);
    for (let number = 0; number < BLOCKS; number++) {
      while (random.chance(0.15)) encoder.setMaxTableBytes(random.of(TABLE_SIZES));
      const fields = random.chance(0.3) ? wildFields(random) : randomFields(random, 12);
      assert.deepEqual(decode(decoder, encode(encoder, fields)), fields);
    }
  });
});

test('a block that was encoded without a change of the table can be sent until there is one', () => {
  let sentAgain = 0;
  forEachConnection((random) => {
    const encoder = new HpackEncoder();
    const decoder = new HpackDecoder(4096);
    const kept = new Map<string, { readonly block: Buffer; readonly changes: number }>();
    const lists = Array.from({ length: 4 }, () => randomFields(random, 6));
    for (let number = 0; number < BLOCKS; number++) {
      if (random.chance(0.05)) encoder.setMaxTableBytes(random.of(TABLE_SIZES));
      const fields = random.of(lists);
      const ready = kept.get(fields.join('\n'));
      if (ready !== undefined && ready.changes === encoder.changes) {
        sentAgain++;
        assert.deepEqual(decode(decoder, ready.block), fields);
        continue;
      }
      const { changes } = encoder;
      const block = encode(encoder, fields);
      assert.deepEqual(decode(decoder, block), fields);
      if (changes === encoder.changes) kept.set(fields.join('\n'), { block, changes });
    }
  });
  assert.ok(sentAgain > CASES / 10, `${sentAgain} blocks were sent again`);
});

test('any bytes are decoded, too large, or broken, and the table stays within its size', () => {
  const seen = { decoded: 0, 'too-large': 0, broken: 0 };
  forEachConnection((random) => {
    const encoder = new HpackEncoder();
    const decoder = new HpackDecoder(4096);
    for (let number = 0; number < BLOCKS; number++) {
      const valid = encode(encoder, random.chance(0.3) ? wildFields(random) : randomFields(random, 8));
      const block = random.chance(0.3) ? randomBytes(random, 60) : mutated(valid, random);
      const maxListBytes = random.of([NO_LIMIT, NO_LIMIT, 300]);
      const found = decode(decoder, block, maxListBytes);
      seen[typeof found === 'string' ? found : 'decoded']++;
      if (typeof found !== 'string') {
        const listBytes = found.reduce((sum, text) => sum + text.length + 16, 0);
        assert.ok(listBytes <= maxListBytes);
      }
    }
    const bytes = tableOf(decoder).reduce((sum, [name, value]) => sum + name.length + value.length + 32, 0);
    assert.ok(bytes <= 4096, `${bytes} bytes in the table`);
  });
  assert.ok(
    seen.decoded > CASES / 10 && seen.broken > CASES / 10 && seen['too-large'] > 0,
    JSON.stringify(seen),
  );
});

test('what was decoded before changes nothing about a block but by the table', () => {
  forEachConnection((random) => {
    const encoder = new HpackEncoder();
    // One is asked twice each time, and so has an answer ready.
    const once = new HpackDecoder(4096);
    const twice = new HpackDecoder(4096);
    const lists = Array.from({ length: 3 }, () => randomFields(random, 5));
    for (let number = 0; number < BLOCKS; number++) {
      const { changes } = encoder;
      const block = encode(encoder, random.of(lists));
      const found = decode(once, block);
      assert.deepEqual(decode(twice, block), found);
      const isKept = changes === encoder.changes && block.length <= 512;
      if (isKept) assert.equal(decode(twice, block), decode(twice, block));
      assert.deepEqual(tableOf(twice), tableOf(once));
    }
  });
});
