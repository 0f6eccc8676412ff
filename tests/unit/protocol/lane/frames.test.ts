import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { FrameReader } from '../../../../src/protocol/lane/frame-reader.ts';
import {
  controlFrame,
  HEADER_BYTES,
  KIND,
  requestFrame,
  requestFrameStart,
  spooledRequestFrame,
} from '../../../../src/protocol/lane/frames.ts';
import { fixture } from '../../../support/project.ts';
import { type CollectedFrame, FrameCollector } from './frame-collector.ts';

interface Vector extends CollectedFrame {
  readonly name: string;
  readonly kind: never;
  readonly hex: string;
}

// Both this and the Python codec (tests/python/test_lane.py) read and write these bytes.
const vectors = JSON.parse(readFileSync(fixture('lane', 'frames.json'), 'utf8')) as readonly Vector[];
const kindOf = (name: string) => KIND[name.toLowerCase() as keyof typeof KIND];
const bytesOf = (vector: Vector) => Buffer.from(vector.hex, 'hex');
const vector = (name: string) => {
  const found = vectors.find((each) => each.name === name);
  assert.ok(found, name);
  return found;
};

describe('the frames', () => {
  for (const each of vectors) {
    it(`read alike on both sides: ${each.name}`, () => {
      const collector = new FrameCollector();
      new FrameReader(collector, () => true).push(bytesOf(each));
      const { flags, id, a, b, payload } = each;
      assert.deepEqual(collector.frames, [{ kind: kindOf(each.kind), flags, id, a, b, payload }]);
    });
  }

  it('cover every kind', () => {
    assert.deepEqual(new Set(vectors.map(({ kind }) => kindOf(kind))), new Set(Object.values(KIND)));
  });
});

describe('what the edge says', () => {
  const hex = (text: string) => Buffer.from(text, 'latin1').toString('hex');
  const environ = 'REQUEST_METHOD\0GET\0PATH_INFO\0/\xe4';

  it('is a request without a body', () => {
    assert.equal(hex(requestFrame(7, environ, '')), vector('a request without a body').hex);
  });

  it('is a request with its body', () => {
    const { hex: expected } = vector('a request with its body');
    assert.equal(hex(requestFrame(0xffffffff, environ, 'a=\xff\0\r\n')), expected);
    assert.equal(hex(`${requestFrameStart(0xffffffff, environ, 6)}a=\xff\0\r\n`), expected);
  });

  it('is a request whose body is in a file', () => {
    const { hex: expected } = vector('a request whose body is in a file');
    assert.equal(hex(spooledRequestFrame(8, environ, '/run/body-1-1')), expected);
  });

  it('names a file in UTF-8', () => {
    const frame = Buffer.from(spooledRequestFrame(8, environ, '/run/\u{1f984}'), 'latin1');
    assert.equal(frame.toString('utf8', HEADER_BYTES + environ.length), '/run/\u{1f984}');
    assert.equal(frame.length, HEADER_BYTES + frame.readUInt32LE(0));
  });

  it('is short on the control connection', () => {
    assert.equal(hex(controlFrame(KIND.reclaim, 0, 3)), vector('what lane 3 has not begun is asked for').hex);
    assert.equal(hex(controlFrame(KIND.release, 9)), vector('a file has been opened').hex);
    assert.equal(hex(controlFrame(KIND.cancel, 258)), vector('a client has left').hex);
    assert.equal(hex(controlFrame(KIND.quit)), vector('the worker may go').hex);
    assert.equal(hex(controlFrame(KIND.interrupt, 515, 2)), vector('a request is past its deadline').hex);
    const { hex: expected } = vector('the edge can open the worker’s files'.replace('’', "'"));
    assert.equal(hex(controlFrame(KIND.welcome, 0, 0, { files: true })), expected);
  });
});
