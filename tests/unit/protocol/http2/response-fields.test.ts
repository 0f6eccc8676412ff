import assert from 'node:assert/strict';
import { it } from 'node:test';
import { responseFields } from '../../../../src/protocol/http2/response-fields.ts';

it('a head becomes fields of HTTP/2: lower case, and none that is about the connection', () => {
  const head =
    '200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\nTransfer-Encoding: chunked\r\nX-Empty: \r\nX-Colons: a:b: c\r\n';
  assert.deepEqual(responseFields(200, head, 'Server: kirin\r\n'), [
    ...[':status', '200'],
    ...['content-type', 'text/plain'],
    ...['x-empty', ''],
    ...['x-colons', 'a:b: c'],
    ...['server', 'kirin'],
  ]);
});

it('fields that come several times are one list, but for those that have commas of their own', () => {
  const head =
    '200 \r\nVary: a\r\nvary: b\r\nVARY: c\r\nSet-Cookie: a, b\r\nSet-Cookie: c\r\nSet-Cookie: d\r\n';
  assert.deepEqual(responseFields(200, head, ''), [
    ...[':status', '200'],
    ...['vary', 'a, b, c'],
    ...['set-cookie', 'a, b', 'set-cookie', 'c', 'set-cookie', 'd'],
  ]);
});
