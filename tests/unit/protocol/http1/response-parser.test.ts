import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ResponseParser } from '../../../../src/protocol/http1/response-parser.ts';
import { mutated, randomOf, randomPieces } from './fuzz-cases.ts';
import { cuts, singleBytes } from './replay.ts';
import { LIMITS, type ResponseFixture, readResponses, responseFixtures } from './response-replay.ts';

const CASES = Number(process.env.KIRIN_FUZZ_CASES ?? 4000);
const SEED = Number(process.env.KIRIN_FUZZ_SEED ?? 20250101);

describe('the response parser accepts', () => {
  for (const file of responseFixtures('accept')) {
    test(file.name, () => {
      const reading = readResponses([file.bytes], file);
      assert.equal(reading.error, null);
      assert.equal(reading.isClean, true);
      assert.equal(reading.responses.length, file.expected.length);
      for (const [i, response] of reading.responses.entries()) {
        assert.deepEqual(response, { ...response, ...file.expected[i], isComplete: true });
      }
      checkSplits(file);
    });
  }
});

describe('the response parser refuses', () => {
  for (const file of responseFixtures('refuse')) {
    test(file.name, () => {
      const reading = readResponses([file.bytes], file);
      assert.equal(reading.error, file.expected[0]?.code);
      assert.equal(reading.isClean, false);
      checkSplits(file);
    });
  }
});

function checkSplits(file: ResponseFixture): void {
  const whole = readResponses([file.bytes], file);
  assert.deepEqual(readResponses(singleBytes(file.bytes), file), whole, 'byte by byte');
  for (const at of cuts(Math.max(1, file.bytes.length))) {
    const pieces = [file.bytes.subarray(0, at), file.bytes.subarray(at)];
    assert.deepEqual(readResponses(pieces, file), whole, `cut at ${at}`);
  }
}

test('any split of any bytes gives the same responses', () => {
  const files = [...responseFixtures('accept'), ...responseFixtures('refuse')];
  const corpus = files.map(({ bytes }) => bytes).filter(({ length }) => length < 2000);
  const random = randomOf(SEED);
  for (let i = 0; i < CASES; i++) {
    const bytes = mutated(random.pick(corpus), corpus, random);
    const methods = Array.from({ length: 4 }, () => random.pick(['GET', 'GET', 'HEAD', 'POST']));
    const how = { methods, isEnded: random.chance(0.5), limits: LIMITS };
    const whole = readResponses([bytes], how);
    const what = `case ${i} of seed ${SEED}: ${JSON.stringify(bytes.toString('latin1'))}`;
    assert.deepEqual(readResponses(singleBytes(bytes), how), whole, what);
    assert.deepEqual(readResponses(randomPieces(bytes, random), how), whole, what);
  }
});

describe('the response parser', () => {
  const RESPONSE = 'HTTP/1.1 200 OK\r\nX-A: b\r\nContent-Length: 2\r\n\r\nab';

  function nextHead(parser: ResponseParser, text: string) {
    parser.expect('GET');
    parser.push(Buffer.from(text, 'latin1'));
    const event = parser.next();
    assert.ok(event?.type === 'head');
    return event.head;
  }

  test('gives the head of the response before, where it is the same', () => {
    const parser = new ResponseParser(LIMITS);
    const first = nextHead(parser, RESPONSE);
    assert.equal(parser.takeBodyText(), 'ab');
    const second = nextHead(parser, RESPONSE.replace('ab', 'cd'));
    assert.equal(parser.takeBodyText(), 'cd');
    assert.equal(second, first);
    const third = nextHead(parser, RESPONSE.replace('X-A: b', 'X-A: c'));
    assert.equal(third.fields.get('x-a'), 'c');
  });

  test('gives a whole body as text or as bytes', () => {
    const parser = new ResponseParser(LIMITS);
    nextHead(parser, RESPONSE);
    assert.equal(parser.takeBody().toString('latin1'), 'ab');
    assert.equal(parser.isClean, true);
    assert.equal(parser.next(), null);
    nextHead(parser, RESPONSE.replace('ab', 'cd'));
    assert.equal(parser.takeBodyText(), 'cd');
  });

  test('is not clean when bytes come behind a response', () => {
    const parser = new ResponseParser(LIMITS);
    nextHead(parser, `${RESPONSE}HTTP/1.1`);
    parser.takeBodyText();
    assert.equal(parser.isClean, false);
  });

  test('hands over what follows an upgrade', () => {
    const parser = new ResponseParser(LIMITS);
    const head = nextHead(parser, 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\nbytes');
    assert.equal(head.status, 101);
    assert.equal(parser.next(), null);
    assert.equal(parser.takeRest().toString(), 'bytes');
  });
});
