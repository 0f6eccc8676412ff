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
  new HeadReader(LIMITS, leniency).read(raw, isEnd);

function head(raw: readonly string[], isEnd = true): RequestHead {
  const result = read(raw, isEnd);
  if (result instanceof HttpError) assert.fail(result.message);
  if ('malformed' in result) assert.fail(result.malformed.message);
  return result;
}

function codeOf(raw: readonly string[], isEnd = true): string {
  const result = read(raw, isEnd);
  if (result instanceof HttpError) return result.code;
  return 'malformed' in result ? `malformed: ${result.malformed.code}` : 'taken';
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

  it('is refused, or is none at all', () => {
    const cases: readonly (readonly [string, readonly string[]])[] = [
      ['malformed: connection_field', ['connection', 'close']],
      ['malformed: connection_field', ['transfer-encoding', 'chunked']],
      ['malformed: connection_field', ['te', 'gzip']],
      ['taken', ['te', 'trailers']],
      ['malformed: bad_field_name', ['a b', 'c']],
      ['malformed: bad_field_value', ['x-a', 'b\r\nc: d']],
      ['malformed: bad_field_value', ['x-a', 'b\0']],
      ['malformed: bad_field_value', ['x-a', ' b']],
      ['malformed: bad_field_value', ['x-a', 'b\t']],
      ['malformed: bad_field_name', ['X-A', 'b']],
      ['malformed: bad_field_name', ['', 'b']],
      ['malformed: bad_pseudo_field', ['x-a', 'b', ':path', '/']],
      ['malformed: bad_pseudo_field', ['host', 'a.example', ':scheme', 'https']],
      ['malformed: bad_pseudo_field', [':path', '/']],
      ['malformed: bad_pseudo_field', [':protocol', 'websocket']],
      ['malformed: bad_pseudo_field', [':status', '200']],
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
    for (const missing of [':method', ':scheme', ':path']) {
      const without = START.filter((_, index) => START[index - (index % 2)] !== missing);
      assert.equal(codeOf(without), 'malformed: missing_pseudo_field', missing);
    }
    assert.equal(codeOf([...START.slice(0, 6), ':authority', 'me@a']), 'bad_host');
  });

  it('has a method and a path as HTTP/1 has', () => {
    const line = (method: string, path: string) =>
      codeOf([':method', method, ':scheme', 'https', ':path', path, ':authority', 'a']);
    assert.equal(line('OPTIONS', '*'), 'taken');
    assert.equal(line('GET', '*'), 'bad_target');
    assert.equal(line('get', '/'), 'bad_method');
    assert.equal(line('GET /x', '/'), 'bad_method');
    assert.equal(line('GET', '/a b'), 'bad_target');
    assert.equal(line('GET', '/a\r\n'), 'bad_target');
    assert.equal(line('GET', ''), 'malformed: missing_pseudo_field');
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
    const reader = new HeadReader(LIMITS, null);
    const next = (...more: readonly string[]) =>
      (reader.read([...START, ...more], true) as RequestHead).fields;
    const first = next('x-a', '1');
    assert.equal(next('x-a', '1'), first);
    assert.notEqual(next('x-a', '2'), first);
    assert.notEqual(next('x-a', '1', 'x-b', '1'), first);
  });

  it('that differs from the one before by its path alone is read as if it came first', () => {
    const reader = new HeadReader(LIMITS, null);
    const next = (path: string, method = 'GET') => {
      const raw = [...START, 'x-a', '1'];
      raw[1] = method;
      raw[5] = path;
      const result = reader.read(raw, true);
      return result instanceof HttpError ? result.code : (result as RequestHead);
    };
    const first = next('/one?a') as RequestHead;
    const second = next('/two') as RequestHead;
    assert.deepEqual([second.path, second.query, second.target], ['/two', '', '/two']);
    assert.equal(second.fields, first.fields);
    assert.equal(first.path, '/one');
    assert.equal(next('/%00'), 'nul_in_path');
    assert.equal(next('*'), 'bad_target');
    assert.equal((next('*', 'OPTIONS') as RequestHead).path, '*');
    assert.equal((next('/three') as RequestHead).method, 'GET');
  });

  it('that cannot be read leaves nothing behind for the next', () => {
    const reader = new HeadReader(LIMITS, null);
    const bad = [...START, 'content-length', 'x'];
    assert.ok(reader.read(bad, true) instanceof HttpError);
    assert.ok(reader.read(bad, true) instanceof HttpError);
    assert.equal((reader.read(START, true) as RequestHead).path, '/a');
  });
});
