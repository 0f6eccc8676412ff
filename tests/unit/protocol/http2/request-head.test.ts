import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HttpError } from '../../../../src/protocol/http1/errors.ts';
import type { Leniency } from '../../../../src/protocol/http1/leniency.ts';
import { effectiveLimits } from '../../../../src/protocol/http1/limits.ts';
import type { RequestHead } from '../../../../src/protocol/http1/request-head.ts';
import { HeadReader } from '../../../../src/protocol/http2/request-head.ts';

const LIMITS = effectiveLimits({ maxRequestLineBytes: 0, maxFields: 100, maxFieldBytes: 0, maxBodyBytes: 0 });
const START = [':method', 'GET', ':scheme', 'https', ':path', '/a?b', ':authority', 'a.example'];

const read = (raw: readonly string[], isEnd = true, leniency: Leniency | null = null) =>
  new HeadReader().read(raw, isEnd, LIMITS, leniency);

function head(raw: readonly string[], isEnd = true): RequestHead {
  const result = read(raw, isEnd);
  assert.ok(!(result instanceof HttpError), (result as HttpError).message);
  return result;
}

function codeOf(raw: readonly string[], isEnd = true): string {
  const result = read(raw, isEnd);
  return result instanceof HttpError ? result.code : 'taken';
}

describe('a head of HTTP/2', () => {
  it('becomes one like those of HTTP/1', () => {
    const { fields, ...rest } = head([...START, 'x-a', '1', 'cookie', 'a=1', 'x-a', '2', 'cookie', 'b=2']);
    assert.deepEqual(rest, {
      method: 'GET',
      target: '/a?b',
      path: '/a',
      query: 'b',
      protocol: 'HTTP/2.0',
      minor: 1,
      authority: 'a.example',
      bodyLength: 0,
      keepAlive: true,
      expectsContinue: false,
    });
    assert.deepEqual(fields.names, ['x-a', 'cookie', 'x-a', 'host']);
    assert.deepEqual(fields.values, ['1', 'a=1; b=2', '2', 'a.example']);
  });

  it('tells how long the body is, if it does', () => {
    assert.equal(head([...START, 'content-length', '7'], false).bodyLength, 7);
    assert.equal(head(START, false).bodyLength, -1);
    assert.equal(head([...START, 'content-length', '0']).bodyLength, 0);
    assert.equal(head([...START, 'expect', '100-continue'], false).expectsContinue, true);
    assert.equal(head([...START, 'expect', '100-Continue']).expectsContinue, false);
  });

  it('may name the host in Host alone, or in both alike', () => {
    assert.equal(head([...START.slice(0, 6), 'host', 'b.example']).authority, 'b.example');
    assert.equal(head([...START, 'host', 'A.example']).authority, 'a.example');
  });

  it('is refused where a frame decoder has let through what must not be', () => {
    const cases: readonly (readonly [string, readonly string[]])[] = [
      ['connection_field', ['connection', 'close']],
      ['connection_field', ['transfer-encoding', 'chunked']],
      ['connection_field', ['te', 'gzip']],
      ['taken', ['te', 'trailers']],
      ['bad_field_name', ['a b', 'c']],
      ['bad_field_value', ['x-a', 'b\r\nc: d']],
      ['bad_field_value', ['x-a', 'b\0']],
      ['taken', ['x-a', 'b\tc \xe9']],
      ['duplicate_host', ['host', 'a.example', 'host', 'a.example']],
      ['conflicting_authority', ['host', 'b.example']],
      ['duplicate_content_length', ['content-length', '0', 'content-length', '0']],
      ['bad_content_length', ['content-length', '+0']],
      ['body_length_differs', ['content-length', '5']],
      ['duplicate_content_type', ['content-type', 'a/b', 'content-type', 'c/d']],
      ['unknown_expectation', ['expect', 'more']],
    ];
    for (const [code, fields] of cases) assert.equal(codeOf([...START, ...fields]), code, fields.join(' '));
    assert.equal(codeOf(START.slice(0, 6)), 'missing_authority');
    assert.equal(codeOf([...START.slice(0, 6), ':authority', 'me@a']), 'bad_host');
  });

  it('has a method and a path as HTTP/1 has', () => {
    const line = (method: string, path: string) =>
      codeOf([':method', method, ':path', path, ':authority', 'a']);
    assert.equal(line('OPTIONS', '*'), 'taken');
    assert.equal(line('GET', '*'), 'bad_target');
    assert.equal(line('get', '/'), 'bad_method');
    assert.equal(line('GET /x', '/'), 'bad_method');
    assert.equal(line('GET', '/a b'), 'bad_target');
    assert.equal(line('GET', '/a\r\n'), 'bad_target');
    assert.equal(line('GET', ''), 'bad_target');
    assert.equal(line('GET', 'http://b/'), 'bad_target');
    assert.equal(line('GET', '/%00'), 'nul_in_path');
    assert.equal(line('CONNECT', ''), 'connect_unsupported');
  });

  it('may have a method in lower case where that was asked for', () => {
    const leniency: Leniency = {
      stripsHeaderSpaces: false,
      unfoldsLines: false,
      takesAnyMethod: false,
      foldsMethodCase: true,
      takesAnyMinor: false,
      guardedNames: new Set(),
    };
    const result = read([':method', 'get', ...START.slice(2)], true, leniency);
    assert.equal((result as RequestHead).method, 'GET');
  });

  it('that repeats the one before has the same fields', () => {
    const reader = new HeadReader();
    const next = (...more: readonly string[]) =>
      (reader.read([...START, ...more], true, LIMITS, null) as RequestHead).fields;
    const first = next('x-a', '1');
    assert.equal(next('x-a', '1'), first);
    assert.notEqual(next('x-a', '2'), first);
    assert.notEqual(next('x-a', '1', 'x-b', '1'), first);
  });
});
