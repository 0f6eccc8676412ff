import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { compileSiteLogFormat } from '../../../src/edge/site-log-format.ts';
import { LOG_VARIABLES } from '../../../src/protocol/supervision/access-log.ts';
import { record } from '../observe/fake-record.ts';

const RECORD = record({
  authUser: 'ann',
  referer: 'https://a.example/"x"',
  environ: (name) => (name === 'HTTP_HOST' ? 'Shop.example:8000' : name === 'RAW_URI' ? '/shop?q=1' : null),
  requestField: (name) => (name === 'x-a' ? 'field' : null),
  responseField: (name) => (name === 'x-request-id' ? 'abc' : null),
});

describe('the format of a site’s access log', () => {
  it('is nginx’s combined form', () => {
    assert.match(
      compileSiteLogFormat('combined')(RECORD),
      /^192\.0\.2\.7 - ann \[21\/Nov\/2026:\d\d:10:02 [+-]\d{4}\] "GET \/shop\?q=1 HTTP\/1\.1" 200 5 "https:\/\/a\.example\/\\"x\\"" "curl\/8"$/,
    );
  });

  it('is JSON, with numbers that are numbers and null for what is not known', () => {
    const line = JSON.parse(compileSiteLogFormat('json')(record({ userAgent: 'caf\xc3\xa9\n' })));
    assert.deepEqual(line, {
      time: '2026-11-21T11:10:02.134Z',
      remote_addr: '192.0.2.7',
      remote_user: null,
      host: null,
      method: 'GET',
      uri: null,
      protocol: 'HTTP/1.1',
      status: 200,
      body_bytes: 5,
      request_ms: 1234.567,
      queue_ms: 0.322,
      service_ms: 4.567,
      cache: null,
      worker: 77,
      referer: null,
      user_agent: 'café\n',
      request_id: null,
    });
  });

  it('is a text with variables, none of which can forge a line', () => {
    const line = compileSiteLogFormat(
      '$remote_addr $scheme $host $request_uri $status $request_time $http_x_a $sent_http_x_request_id $' +
        '{uri}!',
    );
    assert.equal(line(RECORD), '192.0.2.7 http shop.example /shop?q=1 200 1.235 field abc /shop!');
    const forged = compileSiteLogFormat('$http_x_a\n$uri');
    assert.equal(forged(record({ requestField: () => 'a\nb"', path: '/\x1b' })), 'a\\x0Ab\\" /\\x1B');
  });

  it('is a text with Gunicorn’s atoms', () => {
    assert.equal(compileSiteLogFormat('%(m)s %(s)s $host')(RECORD), 'GET 200 $host');
  });

  it('has all of its variables', () => {
    for (const name of LOG_VARIABLES) {
      assert.notEqual(compileSiteLogFormat(`$${name}`)(RECORD), '', name);
    }
  });
});
