import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  END_BYTES,
  entryTail,
  readTail,
  tailBytes,
} from '../../../../../src/handlers/cache/disk/entry-format.ts';
import type { StoredFacts } from '../../../../../src/protocol/caching/stored-facts.ts';

const FACTS = { status: 200, vary: ['accept'], varyValues: ['ä'] } as unknown as StoredFacts;
const ENTRY = { key: 'https://a/ä', facts: FACTS, head: '200 OK\r\nX: \xe4\r\n', flags: 6 };
const BODY = Buffer.from('the body');

function read(file: Buffer) {
  const bytes = tailBytes(file.subarray(-END_BYTES), file.length);
  return bytes === null ? null : readTail(file.subarray(file.length - bytes));
}

describe('the file of a stored response', () => {
  const file = Buffer.concat([BODY, entryTail(ENTRY, BODY.length)]);

  it('has everything that is known of it', () => {
    assert.deepEqual(read(file), { entry: ENTRY, bodyBytes: BODY.length });
  });

  it('is none, as long as its last byte is missing, or where one is too many', () => {
    for (let length = 0; length < file.length; length += 1)
      assert.equal(read(file.subarray(0, length)), null, String(length));
    assert.equal(read(Buffer.concat([file, Buffer.from('x')])), null);
    assert.equal(read(file.subarray(1)), null);
  });

  it('is none where a byte behind the body is another', () => {
    for (let at = BODY.length; at < file.length; at += 1) {
      const changed = Buffer.from(file);
      changed[at] = (changed[at] as number) ^ 1;
      assert.equal(read(changed), null, String(at));
    }
  });
});
