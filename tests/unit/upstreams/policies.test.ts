import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { BalanceSpec } from '../../../src/protocol/supervision/upstream.ts';
import { Random } from '../../support/random.ts';
import { FakeUpstream, tally } from './fake-upstream.ts';

const weights = (...list: readonly number[]) => list.map((weight) => ({ weight }));
const keys = (count: number) => Array.from({ length: count }, (_, index) => `192.0.2.${index}:${index * 7}`);
const hash: BalanceSpec = { by: 'hash', key: '$remote_addr' };

describe('round robin', () => {
  it('takes turns', () => {
    assert.deepEqual(new FakeUpstream([{}, {}, {}]).requests(7), [1, 2, 3, 1, 2, 3, 1]);
  });

  it('spreads the turns of heavy servers as nginx does', () => {
    assert.deepEqual(new FakeUpstream(weights(5, 1, 1)).requests(7), [1, 1, 2, 1, 3, 1, 1]);
  });

  it('is exactly fair to any weights after each round, and never far from it between', () => {
    const random = new Random(7);
    for (let round = 0; round < 50; round += 1) {
      const list = Array.from({ length: random.between(1, 8) }, () => random.between(1, 20));
      const total = list.reduce((sum, weight) => sum + weight, 0);
      const upstream = new FakeUpstream(weights(...list));
      const given = list.map(() => 0);
      for (let at = 1; at <= 3 * total; at += 1) {
        const number = upstream.request() as number;
        given[number - 1] = (given[number - 1] as number) + 1;
        for (const [index, weight] of list.entries()) {
          const due = (at * weight) / total;
          assert.ok(Math.abs((given[index] as number) - due) <= list.length, `${list}: ${given} at ${at}`);
        }
      }
      assert.deepEqual(
        given,
        list.map((weight) => 3 * weight),
      );
    }
  });
});

describe('least connections', () => {
  const balance: BalanceSpec = { by: 'least-connections' };

  it('chooses who has least to do for his weight', () => {
    const upstream = new FakeUpstream(weights(1, 2), balance);
    const held = Array.from({ length: 9 }, () => upstream.numberOf(upstream.balancer.choose(null, [])));
    assert.deepEqual(tally(held), { 1: 3, 2: 6 });
  });

  it('lets those that are alike take turns by their weights', () => {
    assert.deepEqual(tally(new FakeUpstream(weights(1, 3), balance).requests(40)), { 1: 10, 2: 30 });
  });

  it('gives nothing more to one that is stuck, while others are quick', () => {
    const upstream = new FakeUpstream([{}, {}, {}], balance);
    const stuck = upstream.balancer.choose(null, []);
    const numbers = upstream.requests(100);
    assert.ok(!numbers.includes(upstream.numberOf(stuck)));
  });
});

describe('two choices', () => {
  const balance: BalanceSpec = { by: 'two-choices' };

  it('follow the weights when nobody is busy', () => {
    const counts = tally(new FakeUpstream(weights(1, 1, 2), balance).requests(8000));
    // The first of the two is drawn by weight alone; nobody is busier, so it has it.
    for (const [number, share] of [
      [1, 0.25],
      [2, 0.25],
      [3, 0.5],
    ] as const) {
      assert.ok(Math.abs((counts[number] as number) / 8000 - share) < 0.03, JSON.stringify(counts));
    }
  });

  it('never take the busiest, and keep the others nearly level', () => {
    const upstream = new FakeUpstream(weights(1, 1, 1, 1, 1), balance, 5);
    const held = Array.from({ length: 500 }, () => upstream.numberOf(upstream.balancer.choose(null, [])));
    const counts = Object.values(tally(held));
    assert.ok(Math.max(...counts) - Math.min(...counts) <= 5, `${counts}`);
  });

  it('take the only one', () => {
    assert.deepEqual(new FakeUpstream([{}], balance).requests(2), [1, 1]);
  });
});

describe('a hash', () => {
  it('sends the same key to the same server, whatever else is asked', () => {
    const upstream = new FakeUpstream([{}, {}, {}], hash);
    for (const key of keys(50)) {
      const number = upstream.request('ok', key);
      upstream.requests(2, 'another');
      assert.equal(upstream.request('ok', key), number);
    }
  });

  it('is fair to weights', () => {
    const upstream = new FakeUpstream(weights(1, 2, 5), hash);
    const counts = tally(keys(8000).map((key) => upstream.request('ok', key)));
    for (const [number, share] of [
      [1, 0.125],
      [2, 0.25],
      [3, 0.625],
    ] as const) {
      assert.ok(Math.abs((counts[number] as number) / 8000 - share) < 0.02, JSON.stringify(counts));
    }
  });

  it('moves the keys of a server that leaves, to all others alike, and no other key', () => {
    const upstream = new FakeUpstream([{}, {}, {}, {}], hash);
    const before = keys(4000).map((key) => upstream.request('ok', key));
    upstream.balancer.setAddresses(upstream.specs[1] as (typeof upstream.specs)[number], []);
    const after = keys(4000).map((key) => upstream.request('ok', key));
    const moved = after.filter((_, index) => before[index] === 2);
    assert.ok(after.every((number, index) => before[index] === 2 || number === before[index]));
    for (const count of Object.values(tally(moved))) {
      assert.ok(Math.abs(count / moved.length - 1 / 3) < 0.06, JSON.stringify(tally(moved)));
    }
  });

  it('does not depend on the order of the servers', () => {
    const forth = new FakeUpstream([{}, {}, {}], hash);
    const back = new FakeUpstream([{}, {}, {}], hash);
    const [one, two, three] = forth.specs.map(({ address }) => address);
    for (const [index, address] of [three, two, one].entries()) {
      back.balancer.setAddresses(back.specs[index] as (typeof back.specs)[number], address ? [address] : []);
    }
    for (const key of keys(100)) {
      assert.equal(forth.balancer.choose(key, [])?.label, back.balancer.choose(key, [])?.label);
    }
  });

  it('lets requests without a key take turns', () => {
    const upstream = new FakeUpstream([{}, {}, {}], hash);
    assert.deepEqual(tally(upstream.requests(9, '')), { 1: 3, 2: 3, 3: 3 });
  });

  it('goes on to the next one of a key where the first has failed', () => {
    const upstream = new FakeUpstream([{}, {}, {}], hash);
    const { balancer } = upstream;
    const first = balancer.choose('k', []);
    const second = balancer.choose('k', first === null ? [] : [first]);
    assert.notEqual(second, null);
    assert.notEqual(second, first);
    assert.equal(balancer.choose('k', first === null ? [] : [first]), second);
  });
});
