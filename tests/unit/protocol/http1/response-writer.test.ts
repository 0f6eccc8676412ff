import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  chunkStart,
  framingFor,
  isBodiless,
  type ResponseContext,
  sizedHead,
  statusOf,
  streamedHead,
} from '../../../../src/protocol/http1/response-writer.ts';
import { RESPONSE_FLAG } from '../../../../src/protocol/lane/frames.ts';

const context = (changes: Partial<ResponseContext> = {}): ResponseContext => ({
  minor: 1,
  isHead: false,
  keepAlive: true,
  commonFields: '',
  ...changes,
});

describe('the head of a response whose body is known', () => {
  it('gets the length that it lacks', () => {
    assert.equal(
      sizedHead('200 OK\r\nA: b\r\n', 0, 5, context()),
      'HTTP/1.1 200 OK\r\nA: b\r\nContent-Length: 5\r\n\r\n',
    );
    assert.equal(sizedHead('200 OK\r\n', 0, 0, context()), 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
  });

  it('keeps the length that it has', () => {
    const head = '200 OK\r\nContent-Length: 5\r\n';
    assert.equal(sizedHead(head, RESPONSE_FLAG.length, 5, context()), `HTTP/1.1 ${head}\r\n`);
  });

  it('gets none where there is no body', () => {
    for (const head of ['204 No Content\r\n', '304 Not Modified\r\n']) {
      assert.equal(sizedHead(head, 0, 0, context()), `HTTP/1.1 ${head}\r\n`);
    }
    // Of a GET it would have one, which is not known.
    assert.equal(sizedHead('200 OK\r\n', 0, 0, context({ isHead: true })), 'HTTP/1.1 200 OK\r\n\r\n');
  });

  it('is HTTP/1.1 for HTTP/1.0 too, and says what becomes of the connection', () => {
    const head = (changes: Partial<ResponseContext>) =>
      sizedHead('200 OK\r\n', RESPONSE_FLAG.length, 0, context(changes));
    assert.equal(head({}), 'HTTP/1.1 200 OK\r\n\r\n');
    assert.equal(head({ keepAlive: false }), 'HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n');
    assert.equal(head({ minor: 0 }), 'HTTP/1.1 200 OK\r\nConnection: keep-alive\r\n\r\n');
    assert.equal(head({ minor: 0, keepAlive: false }), 'HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n');
  });

  it('gets the server’s fields after its own', () => {
    const text = sizedHead(
      '200 OK\r\nA: b\r\n',
      RESPONSE_FLAG.length,
      0,
      context({ commonFields: 'Server: x\r\n' }),
    );
    assert.equal(text, 'HTTP/1.1 200 OK\r\nA: b\r\nServer: x\r\n\r\n');
  });
});

describe('the framing of a body that comes in pieces', () => {
  it('is its length where that is declared', () => {
    assert.equal(framingFor(RESPONSE_FLAG.length, context(), 200), 'sized');
    assert.equal(framingFor(RESPONSE_FLAG.length, context({ minor: 0 }), 200), 'sized');
  });

  it('is chunks for HTTP/1.1, and the end of the connection for HTTP/1.0', () => {
    assert.equal(framingFor(0, context(), 200), 'chunked');
    assert.equal(framingFor(0, context({ minor: 0 }), 200), 'until-close');
  });

  it('is none where there is no body', () => {
    assert.equal(framingFor(0, context({ isHead: true }), 200), 'sized');
    assert.equal(framingFor(0, context({ minor: 0 }), 204), 'sized');
    assert.equal(framingFor(0, context(), 304), 'sized');
  });

  it('is said in the head', () => {
    assert.equal(
      streamedHead('200 OK\r\n', 'chunked', context()),
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n',
    );
    assert.equal(streamedHead('200 OK\r\n', 'sized', context()), 'HTTP/1.1 200 OK\r\n\r\n');
    assert.equal(
      streamedHead('200 OK\r\n', 'until-close', context({ minor: 0, keepAlive: false })),
      'HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n',
    );
  });
});

describe('a response', () => {
  it('has its status at its beginning', () => {
    assert.equal(statusOf('404 Not Found\r\n'), 404);
    assert.equal(statusOf('200 \r\n'), 200);
  });

  it('has no body with these statuses', () => {
    assert.deepEqual([100, 103, 200, 204, 205, 206, 304, 404].filter(isBodiless), [100, 103, 204, 304]);
  });

  it('has chunks whose size is hexadecimal', () => {
    assert.equal(chunkStart(1), '1\r\n');
    assert.equal(chunkStart(65_535), 'ffff\r\n');
  });
});
