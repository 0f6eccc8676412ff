import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RouteHistory } from '../../../src/dispatcher/history.ts';
import { LaneRules } from '../../../src/dispatcher/lane-rules.ts';

function record(history: RouteHistory, path: string, us: number, times: number, method = 'GET'): void {
  for (let i = 0; i < times; i += 1) history.of(method, path).record(us);
}

describe('what is known of a route', () => {
  it('does not call a path fast before it has been seen eight times', () => {
    const history = new RouteHistory(new LaneRules([]));
    record(history, '/', 50, 7);
    assert.equal(history.of('GET', '/').isFast, false);
    record(history, '/', 50, 1);
    assert.equal(history.of('GET', '/').isFast, true);
  });

  it('calls a path that turns slow by its new name after one request, and again after few', () => {
    const history = new RouteHistory(new LaneRules([]));
    record(history, '/', 50, 1000);
    record(history, '/', 200_000, 1);
    assert.equal(history.of('GET', '/').isFast, false);
    record(history, '/', 200_000, 20);
    assert.equal(history.of('GET', '/').isSlow, true);
    record(history, '/', 50, 7);
    assert.equal(history.of('GET', '/').isFast, false);
    record(history, '/', 50, 2);
    assert.equal(history.of('GET', '/').isFast, true);
    assert.equal(history.of('GET', '/').isSlow, false);
  });

  it('believes a path less each time that it is slow again', () => {
    const history = new RouteHistory(new LaneRules([]));
    const untilFast = () => {
      for (let n = 0; ; n += 1) {
        if (history.of('GET', '/').isFast) return n;
        record(history, '/', 50, 1);
      }
    };
    record(history, '/', 50, 100);
    const proofs: number[] = [];
    for (let relapse = 0; relapse < 8; relapse += 1) {
      record(history, '/', 50_000, 1);
      proofs.push(untilFast());
    }
    assert.deepEqual(proofs, [16, 32, 64, 128, 256, 256, 256, 256]);
    record(history, '/', 50, 1000);
    record(history, '/', 50_000, 1);
    assert.equal(untilFast(), 8, 'after a long good time it begins anew');
  });

  it('calls a path slow only where others are not', () => {
    const history = new RouteHistory(new LaneRules([]));
    record(history, '/report', 200_000, 50);
    assert.equal(history.of('GET', '/report').isSlow, false);
    record(history, '/', 1000, 300);
    assert.equal(history.of('GET', '/report').isSlow, true);
    assert.equal(history.of('GET', '/').isSlow, false);
  });

  it('knows what requests take typically, whatever a few of them take', () => {
    const history = new RouteHistory(new LaneRules([]));
    for (let i = 0; i < 1000; i += 1) history.note(i % 10 === 0 ? 1_000_000 : 1000 + (i % 7));
    assert.ok(history.typicalUs > 800 && history.typicalUs < 1300, String(history.typicalUs));
  });

  it('forgives a hiccup of four milliseconds', () => {
    const history = new RouteHistory(new LaneRules([]));
    record(history, '/', 10, 100);
    record(history, '/', 4000, 1);
    assert.equal(history.of('GET', '/').isFast, true);
  });

  it('believes the folder of a path that is new', () => {
    const history = new RouteHistory(new LaneRules([]));
    for (let user = 0; user < 32; user += 1) record(history, `/user/${user}`, 80, 1);
    assert.equal(history.of('GET', '/user/99').isFast, true);
    assert.equal(history.of('GET', '/report/99').isFast, false);
  });

  it('believes a path that has been seen often rather than its folder', () => {
    const history = new RouteHistory(new LaneRules([]));
    for (let page = 0; page < 32; page += 1) record(history, `/a/${page}`, 80, 1);
    record(history, '/a/slow', 50_000, 8);
    assert.equal(history.of('GET', '/a/slow').isFast, false);
  });

  it('keeps methods apart', () => {
    const history = new RouteHistory(new LaneRules([]));
    record(history, '/x', 50, 8, 'GET');
    assert.equal(history.of('HEAD', '/x').isFast, false);
  });

  it('forgets old paths rather than grow without bound, and remembers those in use', () => {
    const history = new RouteHistory(new LaneRules([]));
    record(history, '/', 50, 8);
    for (let i = 0; i < 20_000; i += 1) {
      history.of('GET', `/p${i}`);
      if (i % 1000 === 0) history.of('GET', '/');
    }
    assert.equal(history.of('GET', '/').isFast, true);
  });
});
