import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Redirects } from '../../../../src/handlers/proxy/redirects.ts';
import type { ProxySpec } from '../../../../src/protocol/supervision/proxy.ts';
import type { PathMatch } from '../../../../src/protocol/supervision/site.ts';
import { FakeExchange, get } from '../fake-exchange.ts';
import { proxySpec } from './proxy-spec.ts';

const ANY: PathMatch = { kind: 'any' };
const API: PathMatch = { kind: 'prefix', path: '/api', isBelow: false };

function rewritten(changes: Partial<ProxySpec>, match: PathMatch, url: string, name = 'location'): string {
  const exchange = new FakeExchange(get('/'));
  exchange.groups = ['of the route'];
  const result = new Redirects(proxySpec(changes), match).rewritten(name, url, exchange);
  assert.deepEqual(exchange.groups, ['of the route']);
  return result;
}

describe('redirects of an upstream', () => {
  const CASES: readonly (readonly [what: string, ProxySpec['path'], PathMatch, url: string, got: string])[] =
    [
      ['to itself', null, ANY, 'http://app:8000/a?b', '/a?b'],
      ['to itself, whatever the route', null, API, 'http://app:8000/a', '/a'],
      ['below its path', '/v1', API, 'http://app:8000/v1/a', '/api/a'],
      ['to its path', '/v1/', API, 'http://app:8000/v1', '/api'],
      [
        'to its path, where the route is only for what is below',
        '/v1',
        { ...API, isBelow: true },
        'http://app:8000/v1',
        '/api/',
      ],
      ['beside its path', '/v1', API, 'http://app:8000/v11/a', 'http://app:8000/v11/a'],
      ['to another port', null, ANY, 'http://app:80001/a', 'http://app:80001/a'],
      ['to another scheme', null, ANY, 'https://app:8000/a', 'https://app:8000/a'],
      ['from a path of variables', '/$1', API, 'http://app:8000/a', 'http://app:8000/a'],
    ];
  for (const [what, path, match, url, got] of CASES) {
    it(`are ${url === got ? 'left' : 'changed'} ${what}`, () => {
      assert.equal(rewritten({ path }, match, url), got);
    });
  }

  it('are changed in Refresh, too', () => {
    assert.equal(rewritten({}, ANY, '5; URL="http://app:8000/a"', 'refresh'), '5; URL="/a"');
    assert.equal(rewritten({}, ANY, '5', 'refresh'), '5');
  });

  it('are left where the route says so', () => {
    assert.equal(rewritten({ redirects: 'off' }, ANY, 'http://app:8000/'), 'http://app:8000/');
  });

  it('are changed as the route says, by the first that fits', () => {
    const redirects = [
      ['http://$host/', '/own/'],
      ['~*^http://(\\w+)\\.example/(.*)$', 'https://$host/$1/$2'],
      ['http://', '/rest/'],
    ] as const;
    assert.equal(rewritten({ redirects }, ANY, 'http://example.com/a'), '/own/a');
    assert.equal(rewritten({ redirects }, ANY, 'HTTP://SHOP.example/a'), 'https://example.com/SHOP/a');
    assert.equal(rewritten({ redirects }, ANY, 'http://b/c'), '/rest/b/c');
    assert.equal(rewritten({ redirects }, ANY, '/c'), '/c');
  });
});
