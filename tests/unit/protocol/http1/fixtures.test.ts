import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type FixtureFile, fixtureFiles } from './fixture-file.ts';
import { cuts, type Reading, read, singleBytes } from './replay.ts';

const NEXT = Buffer.from('GET /next HTTP/1.1\r\nHost: next.example\r\n\r\n');

/** Makes a whole head of what breaks off at its first bad byte: whole heads are read in another way. */
const END_OF_HEAD = Buffer.from('\r\n\r\n');

describe('the request parser accepts', () => {
  for (const file of fixtureFiles('accept')) test(file.name, () => checkAccepted(file));
});

describe('the request parser refuses', () => {
  for (const file of fixtureFiles('refuse')) test(file.name, () => checkRefused(file));
});

function checkAccepted(file: FixtureFile): void {
  const { bytes, limits, leniency, expected } = file;
  const whole = read([bytes], limits, leniency);
  assert.equal(whole.error, null);
  assert.equal(whole.isMidMessage, false);
  assert.equal(whole.messages.length, expected.length);
  for (const [i, message] of whole.messages.entries()) {
    assert.deepEqual(message, { ...message, body: '', trailers: null, ...expected[i], isComplete: true });
  }
  const reference = checkSplits(file, whole);

  const isOpen = whole.messages.at(-1)?.keepAlive === true;
  const followed = read([Buffer.concat([bytes, NEXT])], limits, leniency);
  assert.deepEqual(followed.messages.slice(0, expected.length), reference.messages);
  assert.deepEqual(
    followed.messages.slice(expected.length).map((message) => message.path),
    isOpen ? ['/next'] : [],
  );
}

function checkRefused(file: FixtureFile): void {
  const { bytes, limits, leniency, expected } = file;
  const { after = 0, ...error } = expected[0] ?? {};
  const whole = read([bytes], limits, leniency);
  assert.deepEqual({ ...whole.error, ...error }, whole.error);
  assert.notEqual(whole.error, null);
  assert.equal(whole.isMidMessage, false);
  assert.equal(whole.messages.filter((message) => message.isComplete).length, after);
  assert.match(whole.error?.message ?? '', /^[ -~]+$/);
  checkSplits(file, whole);
  for (const more of [NEXT, END_OF_HEAD]) {
    assert.deepEqual(
      read([Buffer.concat([bytes, more])], limits, leniency),
      whole,
      `with ${JSON.stringify(String(more))} behind it`,
    );
  }
}

function checkSplits({ bytes, limits, leniency }: FixtureFile, whole: Reading): Reading {
  assert.deepEqual(read(singleBytes(bytes), limits, leniency), whole, 'byte by byte');
  for (const at of cuts(bytes.length)) {
    assert.deepEqual(
      read([bytes.subarray(0, at), bytes.subarray(at)], limits, leniency),
      whole,
      `cut at ${at}`,
    );
  }
  return whole;
}
