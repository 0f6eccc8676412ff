import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileAccessLogFormat } from '../../../src/observe/access-log-format.ts';
import type { AccessRecord } from '../../../src/observe/access-record.ts';
import { record } from './fake-record.ts';

const line = (format: string, different?: Partial<AccessRecord>): string =>
  compileAccessLogFormat(format)(record(different));

test('the default format is the combined log format', () => {
  const text = line('%(h)s %(l)s %(u)s %(t)s "%(r)s" %(s)s %(b)s "%(f)s" "%(a)s"');
  assert.match(
    text,
    /^192\.0\.2\.7 - - \[\d\d\/Nov\/2026:\d\d:\d\d:02 [+-]\d{4}\] "GET \/shop\?q=1 HTTP\/1\.1" 200 5 "-" "curl\/8"$/,
  );
});

test('every atom has Gunicorn’s meaning', () => {
  const cases: [string, string][] = [
    ['m', 'GET'],
    ['U', '/shop'],
    ['q', 'q=1'],
    ['H', 'HTTP/1.1'],
    ['B', '5'],
    ['T', '1'],
    ['M', '1234'],
    ['D', '1234567'],
    ['L', '1.234567'],
    ['p', '<77>'],
  ];
  for (const [atom, value] of cases) assert.equal(line(`%(${atom})s`), value, atom);
  assert.equal(line('%(L)s', { durationUs: 2_000_045.9 }), '2.000045');
});

test('the time in the queue and in the worker have atoms of Kirin’s own', () => {
  assert.equal(line('%(Q)s %(S)s'), '321 4567');
  assert.equal(line('%(Q)s %(S)s', { queuedUs: 0, serviceUs: 0 }), '0 0');
});

test('what is not there is a dash', () => {
  const nothing = {
    ...{ remoteAddress: '', userAgent: null, workerPid: null },
    ...{ queuedUs: null, serviceUs: null },
  };
  assert.equal(line('%(h)s %(u)s %(f)s %(a)s %(p)s %({x-id}i)s', nothing), '- - - - - -');
  assert.equal(line('%(Q)s %(S)s', nothing), '- -');
  assert.equal(line('%(B)s %(b)s', { bodyBytes: 0 }), '0 0');
  assert.equal(line('%(z)s %(toString)s %({a}x)s %()s'), '- - - -', 'unknown atoms');
});

test('fields of request and response are found in any case, and variables by their name', () => {
  const asked: string[] = [];
  const answer = (kind: string) => (name: string) => {
    asked.push(`${kind} ${name}`);
    return 'x';
  };
  const text = line('%({X-Request-Id}i)s %({Content-Type}o)s %({wsgi.url_scheme}e)s', {
    requestField: answer('i'),
    responseField: answer('o'),
    environ: answer('e'),
  });
  assert.equal(text, 'x x x');
  assert.deepEqual(asked, ['i x-request-id', 'o content-type', 'e wsgi.url_scheme']);
});

test('only what the format names is asked for', () => {
  const format = compileAccessLogFormat('%(s)s');
  const strict = new Proxy(record(), {
    get(target, property, receiver) {
      assert.equal(property, 'status');
      return Reflect.get(target, property, receiver);
    },
  });
  assert.equal(format(strict), '200');
});

test('other text, percent signs and conversions are as in Python', () => {
  assert.equal(line('100%% of %(s)d %(m)-5s|'), '100% of 200 GET  |');
  assert.equal(line('%(s)6s|%(m).2s|%(none)3s|%(a)-8.4s|'), '   200|GE|  -|curl    |');
  assert.equal(line('a % b %'), 'a % b %');
  assert.equal(line('a\nb'), 'a b', 'a format has one line');
  assert.equal(line(''), '');
});

test('a client can forge neither a line nor a field', () => {
  assert.equal(line('"%(a)s"', { userAgent: 'x" 200 "y' }), '"x\\" 200 \\"y"');
  assert.equal(line('"%(a)s"', { userAgent: 'x\\" 200' }), '"x\\\\\\" 200"', 'the backslash is escaped too');
  assert.equal(
    line('"%(a).2s"', { userAgent: 'x"y' }),
    '"x"',
    'half an escape would hide the quote behind it',
  );
  assert.equal(line('%(a)s', { userAgent: 'a\r\nb\0c\x1b[31m\x7f' }), 'a\\x0D\\x0Ab\\x00c\\x1B[31m\\x7F');
  assert.equal(line('%(f)s', { referer: '\u009b2J\u00e9' }), '\\x9B2J\\xE9', 'C1 control characters');
  assert.equal(line('%(u)s %(t)s', { authUser: 'joe [1/Jan]' }).startsWith('joe\\x20[1/Jan] ['), true);
  assert.equal(line('%(u)s', { authUser: 'ж\u2028' }), '\\u0436\\u2028');
  for (const atom of ['h', 'r', 'm', 'U', 'q', 'H']) {
    const evil = 'a\n"';
    const text = line(`%(${atom})s`, {
      remoteAddress: evil,
      requestLine: evil,
      method: evil,
      path: evil,
      query: evil,
      protocol: evil,
    });
    assert.equal(text, 'a\\x0A\\"', atom);
  }
  const evil = () => '"\n';
  assert.equal(
    line('%({a}i)s%({a}o)s%({a}e)s', { requestField: evil, responseField: evil, environ: evil }),
    '\\"\\x0A'.repeat(3),
  );
});

test('the time is that of the response’s end, and changes with the second', () => {
  const format = compileAccessLogFormat('%(t)s');
  const at = (startedAtMs: number, durationUs: number) => format(record({ startedAtMs, durationUs }));
  assert.equal(at(1_000_000, 500_000), at(1_000_999, 0));
  assert.notEqual(at(1_000_000, 500_000), at(1_000_500, 500_000));
});
