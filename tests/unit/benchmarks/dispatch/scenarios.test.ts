import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SLOW_MS } from '../../../../benchmarks/dispatch/mix.ts';
import { capacityOf, SCENARIOS } from '../../../../benchmarks/dispatch/scenarios.ts';

const LANES = 8;

function streamsOf(name: string, share: number) {
  const scenario = SCENARIOS.find((each) => each.name === name);
  assert.ok(scenario?.meanMs);
  const perSecond = share * capacityOf(scenario.meanMs, LANES);
  return scenario.streams({ perSecond, share, connections: 64, arrivals: 'constant' });
}

test('capacity is what the lanes serve when all are busy all the time', () => {
  assert.equal(capacityOf(5, LANES), 1600);
});

test('a usual load has one stream over all connections, an overload four times as many', () => {
  const [usual, ...none] = streamsOf('route', 0.9);
  assert.equal(none.length, 0);
  assert.equal(usual?.connections, 64);
  assert.equal(Math.round(usual?.perSecond ?? 0), 2408);
  assert.equal(streamsOf('route', 10)[0]?.connections, 256);
});

test('goodput at its peak and past it is measured with the same connections', () => {
  assert.deepEqual(
    [1, 10].map((share) => streamsOf('overload', share)[0]?.connections),
    [256, 256],
  );
});

test('four slow connections are as busy as the whole, and the fast ones make up the rest of the load', () => {
  const [slow, fast] = streamsOf('lanes', 0.6);
  assert.deepEqual([slow?.connections, fast?.connections], [4, 60]);
  const busySlow = ((slow?.perSecond ?? 0) * SLOW_MS) / 1000;
  assert.ok(Math.abs(busySlow - 4 * 0.6) < 1e-9);
  assert.ok(Math.abs(busySlow + (fast?.perSecond ?? 0) / 1000 - 0.6 * LANES) < 1e-9);
});

test('bursts differ from the same load by route in their arrivals alone', () => {
  const [even] = streamsOf('route', 0.6);
  assert.deepEqual(streamsOf('bursts', 0.6), [{ ...even, arrivals: 'bursts' }]);
});
