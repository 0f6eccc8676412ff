// KIRIN_FUZZ_CASES and KIRIN_FUZZ_SEED change how many cases there are, and which.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HttpLimits } from '../../../../src/protocol/http1/limits.ts';
import { differenceFromNode } from './difference.ts';
import { fixtureFiles, GUNICORN_LIMITS, LENIENT } from './fixture-file.ts';
import { generated, mutated, type Random, randomOf, randomPieces } from './fuzz-cases.ts';
import { NodeReader } from './node-reading.ts';
import { read, singleBytes } from './replay.ts';

const CASES = Number(process.env.KIRIN_FUZZ_CASES ?? 4000);
const SEED = Number(process.env.KIRIN_FUZZ_SEED ?? 20250101);
const NARROW_LIMITS: HttpLimits = {
  maxRequestLineBytes: 19,
  maxFields: 3,
  maxFieldBytes: 28,
  maxBodyBytes: 8,
};
const LONGEST_SEED_BYTES = 2000;

const corpus = [...fixtureFiles('accept'), ...fixtureFiles('refuse')]
  .map((file) => file.bytes)
  .filter((bytes) => bytes.length <= LONGEST_SEED_BYTES);

test('any split of any bytes gives the same events', () => {
  forEachCase((bytes, random) => {
    const limits = random.pick([GUNICORN_LIMITS, NARROW_LIMITS]);
    for (const leniency of [null, LENIENT]) {
      const whole = read([bytes], limits, leniency);
      assert.deepEqual(read(singleBytes(bytes), limits, leniency), whole);
      assert.deepEqual(read(randomPieces(bytes, random), limits, leniency), whole);
    }
  });
});

test('leniency changes nothing about what is accepted without it', () => {
  forEachCase((bytes) => {
    const complete = read([bytes], GUNICORN_LIMITS).messages.filter(({ isComplete }) => isComplete);
    const lenient = read([bytes], GUNICORN_LIMITS, LENIENT).messages;
    assert.deepEqual(lenient.slice(0, complete.length), complete);
  });
});

const GUARDED_LINE = /^[ \t]*(?:content-length|transfer-encoding|host|connection|expect)[ \t]*:.*$/gim;

test('what leniency accepts is framed by lines that nobody reads otherwise', () => {
  forEachCase((bytes) => {
    const text = bytes.toString('latin1');
    const head = text.slice(0, text.indexOf('\r\n\r\n') + 2);
    const { messages } = read([bytes], GUNICORN_LIMITS, LENIENT);
    if (messages.length === 0 || text.startsWith('\r\n')) return;
    for (const [line] of head.matchAll(GUARDED_LINE)) assert.match(line, /^[^ \t:]+:/);
  });
});

test('what is accepted is framed by Node alike', async () => {
  const node = new NodeReader();
  const random = randomOf(SEED + 1);
  for (const bytes of corpus) await compare(node, bytes, 'fixture');
  for (let i = 0; i < CASES; i++) await compare(node, fuzzCase(random), `case ${i} of seed ${SEED}`);
});

function forEachCase(check: (bytes: Buffer, random: Random) => void): void {
  const random = randomOf(SEED);
  for (let i = 0; i < CASES; i++) {
    const bytes = fuzzCase(random);
    try {
      check(bytes, random);
    } catch (cause) {
      throw new Error(`case ${i} of seed ${SEED}: ${JSON.stringify(bytes.toString('latin1'))}`, { cause });
    }
  }
}

function fuzzCase(random: Random): Buffer {
  if (random.chance(0.4)) return generated(random);
  const seed = random.chance(0.5) ? generated(random) : random.pick(corpus);
  return mutated(seed, corpus, random);
}

async function compare(node: NodeReader, bytes: Buffer, what: string): Promise<void> {
  const difference = differenceFromNode(read([bytes], GUNICORN_LIMITS), await node.read(bytes));
  assert.equal(difference, null, `${what}: ${JSON.stringify(bytes.toString('latin1'))}`);
}
