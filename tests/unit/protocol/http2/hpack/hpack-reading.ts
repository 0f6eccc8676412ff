import assert from 'node:assert/strict';
import { HpackDecoder } from '../../../../../src/protocol/http2/hpack/decoder.ts';
import { type HpackEncoder, maxEncodedBytes } from '../../../../../src/protocol/http2/hpack/encoder.ts';

export const NO_LIMIT = 1_000_000_000;
const FIRST_DYNAMIC_INDEX = 62;

/** Of hexadecimal digits, however they are spaced. */
export function hex(digits: string): Buffer {
  return Buffer.from(digits.replace(/\s/g, ''), 'hex');
}

/** In the middle of other bytes, which are none of the decoder's business, and are gone when it has answered. */
export function decode(
  decoder: HpackDecoder,
  block: Buffer,
  maxListBytes = NO_LIMIT,
): ReturnType<HpackDecoder['decode']> {
  const lent = Buffer.concat([hex('7fff'), block, hex('82')]);
  const fields = decoder.decode(lent, 2, 2 + block.length, maxListBytes);
  lent.fill(0xff);
  return fields;
}

export function decodeNew(digits: string, maxListBytes = NO_LIMIT): ReturnType<HpackDecoder['decode']> {
  return decode(new HpackDecoder(4096), hex(digits), maxListBytes);
}

/** What its dynamic table has, the newest first. */
export function tableOf(decoder: HpackDecoder): [name: string, value: string][] {
  const entries: [string, string][] = [];
  for (let index = FIRST_DYNAMIC_INDEX; ; index++) {
    const found = decode(decoder, indexed(index));
    if (typeof found === 'string') return entries;
    entries.push([found[0] as string, found[1] as string]);
  }
}

function indexed(index: number): Buffer {
  if (index < 127) return Buffer.of(0x80 | index);
  return Buffer.of(0xff, index - 127);
}

/** A block, for which the room was enough, and nothing around it was touched. */
export function encode(encoder: HpackEncoder, fields: readonly string[]): Buffer {
  const before = 3;
  const room = Buffer.alloc(before + maxEncodedBytes(fields) + 1, 0xee);
  const end = encoder.encode(fields, room, before);
  assert.ok(end < room.length);
  assert.equal(room.subarray(0, before).toString('hex'), 'eeeeee');
  assert.equal(room[room.length - 1], 0xee);
  return Buffer.from(room.subarray(before, end));
}
