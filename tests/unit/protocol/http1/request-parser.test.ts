import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ParserEvent } from '../../../../src/protocol/http1/parser-event.ts';
import type { RequestHead } from '../../../../src/protocol/http1/request-head.ts';
import { RequestParser } from '../../../../src/protocol/http1/request-parser.ts';
import { GUNICORN_LIMITS } from './fixture-file.ts';

const GET = 'GET /a HTTP/1.1\r\nHost: a\r\nAccept: */*\r\n\r\n';
const POST = 'POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n';
const CHUNKED = 'POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n';

function parserOf(...texts: readonly string[]): RequestParser {
  const parser = new RequestParser(GUNICORN_LIMITS);
  for (const text of texts) parser.push(Buffer.from(text, 'latin1'));
  return parser;
}

function types(parser: RequestParser): string[] {
  return [...eventsOf(parser)].map((event) => event.type);
}

function* eventsOf(parser: RequestParser): Generator<ParserEvent> {
  for (let event = parser.next(); event !== null; event = parser.next()) yield event;
}

function nextHead(parser: RequestParser): RequestHead {
  const event = parser.next();
  assert.ok(event?.type === 'head');
  return event.head;
}

describe('events', () => {
  test('a head without a body is a whole message', () => {
    assert.deepEqual(types(parserOf(GET, GET)), ['head', 'head']);
  });

  test('the end of a body is told as soon as its last byte is there', () => {
    assert.deepEqual(types(parserOf(`${POST}hello`)), ['head', 'body', 'end']);
    assert.deepEqual(types(parserOf(`${CHUNKED}5\r\nhello\r\n0\r\n\r\n`)), ['head', 'body', 'end']);
  });

  test('body data are slices of what was pushed', () => {
    const chunk = Buffer.from(`${POST}hello`);
    const parser = new RequestParser(GUNICORN_LIMITS);
    parser.push(chunk);
    parser.next();
    const event = parser.next();
    assert.ok(event?.type === 'body');
    assert.equal(event.data.buffer, chunk.buffer);
  });

  test('body data stay as they were when more is pushed', () => {
    const parser = parserOf(POST.slice(0, 10), `${POST.slice(10)}he`);
    parser.next();
    const event = parser.next();
    assert.ok(event?.type === 'body');
    for (const text of ['llo', GET, GET]) parser.push(Buffer.from(text));
    assert.deepEqual(types(parser), ['body', 'end', 'head', 'head']);
    assert.equal(event.data.toString(), 'he');
  });

  test('chunks that are pushed before the first event is taken are one stream', () => {
    assert.deepEqual(types(parserOf(...GET, ...POST, 'he', 'llo', GET)), [
      'head',
      'head',
      'body',
      'end',
      'head',
    ]);
  });

  test('an empty chunk changes nothing', () => {
    const parser = parserOf('', GET.slice(0, 5), '', GET.slice(5), '');
    assert.deepEqual(types(parser), ['head']);
    assert.equal(parser.isMidMessage, false);
  });

  test('nothing follows an error, and nothing is kept', () => {
    const parser = parserOf('get / HTTP/1.1\r\n', GET);
    assert.deepEqual(types(parser), ['error']);
    parser.push(Buffer.from(GET));
    assert.equal(parser.next(), null);
    assert.equal(parser.bufferedBytes, 0);
    assert.equal(parser.isMidMessage, false);
  });

  test('nothing follows a message that closes, and nothing is kept', () => {
    const parser = parserOf(`${POST.replace('Host', 'Connection: close\r\nHost')}hello${GET}`);
    assert.deepEqual(types(parser), ['head', 'body', 'end']);
    parser.push(Buffer.from(GET));
    assert.equal(parser.next(), null);
    assert.equal(parser.bufferedBytes, 0);
  });
});

describe('isMidMessage', () => {
  test('is false before the first byte and after the last', () => {
    const parser = parserOf();
    assert.equal(parser.isMidMessage, false);
    parser.push(Buffer.from(GET));
    parser.next();
    assert.equal(parser.isMidMessage, false);
  });

  test('is true from the first byte to the last', () => {
    for (const text of [GET, `${POST}hello`, `${CHUNKED}5\r\nhello\r\n0\r\nA: b\r\n\r\n`]) {
      const parser = parserOf();
      for (let i = 0; i < text.length; i++) {
        parser.push(Buffer.from(text.charAt(i)));
        types(parser);
        assert.equal(
          parser.isMidMessage,
          i < text.length - 1,
          `after ${i + 1} bytes of ${JSON.stringify(text)}`,
        );
      }
    }
  });

  test('does not count an empty line after a message', () => {
    const parser = parserOf(GET, '\r\n');
    types(parser);
    assert.equal(parser.isMidMessage, false);
  });

  test('counts a next message that was not asked for yet', () => {
    const parser = parserOf(GET + GET);
    parser.next();
    assert.equal(parser.isMidMessage, true);
  });
});

describe('bufferedBytes', () => {
  test('counts what was pushed and not consumed', () => {
    const parser = parserOf(`${POST}helloGET`);
    assert.equal(parser.bufferedBytes, POST.length + 8);
    parser.next();
    assert.equal(parser.bufferedBytes, 8);
    parser.next();
    assert.equal(parser.bufferedBytes, 3);
  });

  test('never exceeds an unfinished line while a head dribbles in', () => {
    const parser = parserOf();
    for (const character of `GET / HTTP/1.1\r\nHost: a\r\n${`A: ${'b'.repeat(50)}\r\n`.repeat(90)}`) {
      parser.push(Buffer.from(character));
      parser.next();
      assert.ok(parser.bufferedBytes <= 54);
    }
  });
});

describe('field blocks', () => {
  test('a block that repeats is the same object, with what its consumer keeps there', () => {
    const parser = parserOf(GET + GET.replace('/a', '/b'));
    const { fields } = nextHead(parser);
    fields.memo = 'kept';
    const repeated = nextHead(parser);
    assert.equal(repeated.path, '/b');
    assert.equal(repeated.fields, fields);
    assert.equal(repeated.fields.memo, 'kept');
  });

  test('a block that differs in one byte is another object', () => {
    const parser = parserOf(GET + GET.replace('*/*', '*/+') + GET);
    const blocks = [nextHead(parser), nextHead(parser), nextHead(parser)].map((head) => head.fields);
    assert.equal(new Set(blocks).size, 3);
    assert.deepEqual(
      blocks.map((block) => block.get('accept')),
      ['*/*', '*/+', '*/*'],
    );
  });

  test('blocks are not shared between connections', () => {
    assert.notEqual(nextHead(parserOf(GET)).fields, nextHead(parserOf(GET)).fields);
  });

  test('get gives the first value, or undefined', () => {
    const { fields } = nextHead(parserOf('GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\nx: 2\r\n\r\n'));
    assert.equal(fields.get('x'), '1');
    assert.equal(fields.get('y'), undefined);
  });

  test('ever new field names do not wear the parser out', () => {
    const parser = parserOf();
    for (let i = 0; i < 3000; i++) {
      parser.push(Buffer.from(`GET / HTTP/1.1\r\nHost: a\r\nX-Name-${i}: ${i}\r\n\r\n`));
      assert.equal(nextHead(parser).fields.get(`x-name-${i}`), String(i));
    }
  });
});

describe('the cost of hostile heads', () => {
  // A pattern that looks at a blank more than once takes 5 s for these; otherwise they take 10 ms.
  for (const name of ['Connection', 'Transfer-Encoding', 'Expect', 'X']) {
    test(`long runs of blanks in ${name} fields do not hold the process up`, () => {
      const line = `${name}: a${' '.repeat(8100)}b\r\n`;
      const startMs = performance.now();
      parserOf(`GET / HTTP/1.1\r\nHost: a\r\n${line.repeat(99)}\r\n`).next();
      assert.ok(performance.now() - startMs < 1500);
    });
  }
});
