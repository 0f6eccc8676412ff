import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RouteHistory } from '../../../src/dispatcher/history.ts';

function record(history: RouteHistory, path: string, us: number, times: number, method = 'GET'): void {
  for (let i = 0; i < times; i += 1) history.of(method, path).record(us);
}

describe('what is known of a route', () => {
  it('does not call a path fast before it has been seen eight times', () => {
    const history = new RouteHistory();
    record(history, '/', 50, 7);
    assert.equal(history.of('GET', '/').isFast, false);
    record(history, '/', 50, 1);
    assert.equal(history.of('GET', '/').isFast, true);
  });

  it('calls a path slow after one slow request, for about forty fast ones', () => {
    const history = new RouteHistory();
    record(history, '/', 50, 100);
    record(history, '/', 200_000, 1);
    assert.equal(history.of('GET', '/').isFast, false);
    record(history, '/', 50, 20);
    assert.equal(history.of('GET', '/').isFast, false);
    record(history, '/', 50, 30);
    assert.equal(history.of('GET', '/').isFast, true);
  });

  it('forgives a hiccup of four milliseconds', () => {
    const history = new RouteHistory();
    record(history, '/', 10, 100);
    record(history, '/', 4000, 1);
    assert.equal(history.of('GET', '/').isFast, true);
  });

  it('believes the folder of a path that is new', () => {
    const history = new RouteHistory();
    for (let user = 0; user < 32; user += 1) record(history, `/user/${user}`, 80, 1);
    assert.equal(history.of('GET', '/user/99').isFast, true);
    assert.equal(history.of('GET', '/report/99').isFast, false);
  });

  it('believes a path that has been seen often rather than its folder', () => {
    const history = new RouteHistory();
    for (let page = 0; page < 32; page += 1) record(history, `/a/${page}`, 80, 1);
    record(history, '/a/slow', 50_000, 8);
    assert.equal(history.of('GET', '/a/slow').isFast, false);
  });

  it('keeps methods apart', () => {
    const history = new RouteHistory();
    record(history, '/x', 50, 8, 'GET');
    assert.equal(history.of('HEAD', '/x').isFast, false);
  });

  it('forgets old paths rather than grow without bound, and remembers those in use', () => {
    const history = new RouteHistory();
    record(history, '/', 50, 8);
    for (let i = 0; i < 20_000; i += 1) {
      history.of('GET', `/p${i}`);
      if (i % 1000 === 0) history.of('GET', '/');
    }
    assert.equal(history.of('GET', '/').isFast, true);
  });
});
