import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CompressionRules, noteCoding, weakenTag } from '../../../../src/handlers/compress/rules.ts';
import { parseAcceptEncoding } from '../../../../src/protocol/fields/accept-encoding.ts';
import { ResponseHead } from '../../../../src/protocol/http1/response-head.ts';
import { RESPONSE_FLAG } from '../../../../src/protocol/lane/frames.ts';

const SPEC = {
  encodings: ['br', 'gzip'],
  types: ['text/*'],
  minBytes: 100,
  levels: { zstd: 3, br: 4, gzip: 5 },
} as const;
const rules = new CompressionRules(SPEC);
const head = (...lines: readonly string[]) =>
  new ResponseHead([...lines, ''].join('\r\n'), RESPONSE_FLAG.length);

describe('what is compressed', () => {
  const answers: readonly (readonly [
    lines: readonly string[],
    bytes: number | null,
    isCompressible: boolean,
  ])[] = [
    [['200 OK', 'Content-Type: text/html; charset=utf-8'], 100, true],
    [['404 Not Found', 'content-type: TEXT/plain'], null, true],
    [['200 OK', 'Content-Type: text/html'], 99, false],
    [['200 OK', 'Content-Type: image/png'], 1000, false],
    [['200 OK', 'Content-Type: text/event-stream'], null, false],
    [['200 OK'], 1000, false],
    [['200 OK', 'Content-Type: text/html', 'Content-Encoding: gzip'], 1000, false],
    [['200 OK', 'Content-Type: text/html', 'Content-Encoding: identity'], 1000, true],
    [
      ['200 OK', 'Content-Type: text/html', 'Cache-Control: public', 'Cache-Control: No-Transform'],
      1000,
      false,
    ],
    [['200 OK', 'Content-Type: text/html', 'Cache-Control: x-no-transform'], 1000, true],
    ...[204, 205, 206, 304].map(
      (status) => [[`${status} X`, 'Content-Type: text/html'], null, false] as const,
    ),
  ];
  for (const [lines, bytes, isCompressible] of answers) {
    it(`${isCompressible ? '' : 'not '}${lines.join(', ')} of ${bytes ?? 'some'} bytes`, () =>
      assert.equal(rules.isCompressible(head(...lines), bytes), isCompressible));
  }

  it('events, if they are named', () => {
    const events = new CompressionRules({ ...SPEC, types: ['text/event-stream'] });
    assert.ok(events.isCompressible(head('200 OK', 'Content-Type: text/event-stream'), null));
  });
});

describe('what is about something that is compressed for some', () => {
  const answers: readonly (readonly [lines: readonly string[], isOfCompressible: boolean])[] = [
    [['304 Not Modified'], true],
    [['206 Partial Content', 'Content-Type: text/html', 'Content-Range: bytes 0-1/100'], true],
    [['206 Partial Content', 'Content-Type: text/html', 'Content-Range: bytes 0-1/99'], false],
    [['206 Partial Content', 'Content-Type: text/html', 'Content-Range: bytes 0-1/*'], true],
    [['206 Partial Content', 'Content-Type: image/png', 'Content-Range: bytes 0-1/100'], false],
    [['206 Partial Content', 'Content-Type: multipart/byteranges; boundary=x'], true],
    [['206 Partial Content', 'Content-Type: text/html', 'Content-Encoding: br'], false],
    [['200 OK', 'Content-Type: text/html'], false],
  ];
  for (const [lines, isOfCompressible] of answers) {
    it(`${isOfCompressible ? '' : 'not '}${lines.join(', ')}`, () =>
      assert.equal(rules.isOfCompressible(head(...lines)), isOfCompressible));
  }
});

describe('how it is compressed', () => {
  const choices: readonly (readonly [accept: string | undefined, coding: string | undefined])[] = [
    [undefined, undefined],
    ['gzip, br', 'br'],
    ['gzip;q=1, br;q=0.9', 'gzip'],
    ['br;q=0', undefined],
    ['*;q=0.1', 'br'],
    ['*', 'br'],
    ['identity, gzip;q=0.9', undefined],
    ['zstd', undefined],
  ];
  for (const [accept, coding] of choices) {
    it(`${coding ?? 'not at all'} for ${accept ?? 'who does not say'}`, () =>
      assert.equal(rules.choose(parseAcceptEncoding(accept))?.coding, coding));
  }

  it('the head says so, and nothing of the bytes as they were', () => {
    const edited = head('200 OK', 'Content-Length: 5', 'ETag: "a"', 'Accept-Ranges: bytes', 'Content-MD5: x');
    noteCoding(edited, 'br');
    assert.equal(edited.text, '200 OK\r\nContent-Encoding: br\r\nETag: W/"a"\r\n');
    assert.equal(edited.flags, 0);
    weakenTag(edited);
    assert.equal(edited.get('etag'), 'W/"a"');
  });
});
