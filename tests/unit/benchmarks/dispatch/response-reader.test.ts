import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ResponseReader } from '../../../../benchmarks/dispatch/response-reader.ts';

const RESPONSES = {
  'with a length': 'HTTP/1.1 200 OK\r\nServer: x\r\nContent-Length: 13\r\n\r\nHello, World!',
  'without a body': 'HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n',
  'with a status that has none': 'HTTP/1.1 204 No Content\r\n\r\n',
  'in chunks':
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nHello\r\n0A;x=y\r\n, World!\r\n\r\n0\r\n\r\n',
  'in chunks, with a trailer':
    'HTTP/1.1 500 Oh\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nX-Late: 1\r\n\r\n',
};

for (const [kind, response] of Object.entries(RESPONSES)) {
  test(`a response ${kind} is complete with its last byte, and only then`, () => {
    const reader = new ResponseReader();
    for (let again = 0; again < 2; again += 1) {
      assert.equal(reader.hasBegun, false);
      const completeAt = [...response].findIndex((byte) => reader.read(byte));
      assert.equal(completeAt, response.length - 1);
      assert.equal(reader.status, Number(response.slice(9, 12)));
    }
  });

  test(`a response ${kind} is read whole, and in two pieces cut anywhere`, () => {
    for (let cut = 0; cut < response.length; cut += 1) {
      const reader = new ResponseReader();
      if (cut > 0) assert.equal(reader.read(response.slice(0, cut)), false);
      assert.equal(reader.read(response.slice(cut)), true, `cut at ${cut}`);
      assert.equal(reader.keepsAlive, true);
    }
  });
}

test('the end of the connection ends a response that says no length, and no other', () => {
  const open = new ResponseReader();
  assert.equal(open.read('HTTP/1.1 200 OK\r\n\r\nHello'), false);
  assert.equal(open.read(', World!'), false);
  assert.equal(open.end(), true);
  assert.equal(open.keepsAlive, false);

  const cut = new ResponseReader();
  cut.read('HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\nHello');
  assert.equal(cut.end(), false);
  assert.equal(new ResponseReader().end(), false);
});

test('a connection lives on unless the response says otherwise; in HTTP/1.0 only if it says so', () => {
  const keepsAlive = (version: string, field: string) => {
    const reader = new ResponseReader();
    reader.read(`HTTP/${version} 200 OK\r\n${field}Content-Length: 0\r\n\r\n`);
    return reader.keepsAlive;
  };
  assert.equal(keepsAlive('1.1', ''), true);
  assert.equal(keepsAlive('1.1', 'connection: Close\r\n'), false);
  assert.equal(keepsAlive('1.0', ''), false);
  assert.equal(keepsAlive('1.0', 'Connection: Keep-Alive\r\n'), true);
});

test('what is no response is an error', () => {
  const read = (text: string) => () => new ResponseReader().read(text);
  assert.throws(read('SSH-2.0-OpenSSH_9.2\r\n\r\n'), /not a response: SSH-2.0/);
  assert.throws(read('HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nxHTTP'), /bytes after the response: HTTP/);
  assert.throws(
    read('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n'),
    /not the size of a chunk: x/,
  );
  assert.throws(read('x'.repeat(70_000)), /head without end/);
});
