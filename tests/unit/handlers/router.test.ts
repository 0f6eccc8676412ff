import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Handler } from '../../../src/handlers/exchange.ts';
import { Router } from '../../../src/handlers/router.ts';
import { get } from './fake-exchange.ts';

const handler = (): Handler => ({ handle: () => {} });

describe('the router', () => {
  it('takes the first rule that matches', () => {
    const [first, second, rest] = [handler(), handler(), handler()] as const;
    const router = new Router(
      [
        { matches: ({ path }) => path === '/a', handler: first },
        { matches: ({ path }) => path.startsWith('/a'), handler: second },
      ],
      rest,
    );
    assert.equal(router.route(get('/a?x')), first);
    assert.equal(router.route(get('/ab')), second);
    assert.equal(router.route(get('/b')), rest);
  });

  it('without rules takes the fallback', () => {
    const rest = handler();
    assert.equal(new Router([], rest).route(get('/')), rest);
  });
});
