import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { BalanceSpec } from '../../../src/protocol/supervision/upstream.ts';
import { Server } from '../../../src/upstreams/server.ts';
import { Random } from '../../support/random.ts';
import { FakeUpstream, type ServerOptions, tally } from './fake-upstream.ts';

describe('a server that fails', () => {
  it('is out for a while, then gets one request on trial, and is back when that goes well', () => {
    const upstream = new FakeUpstream([{}, {}]);
    upstream.fail(1);
    assert.deepEqual(upstream.changes, ['1 ejected']);
    upstream.nowMs += 9999;
    assert.deepEqual(tally(upstream.requests(10)), { 2: 10 });
    assert.equal(upstream.server(1).state(upstream.nowMs), 'out');
    upstream.nowMs += 1;
    assert.equal(upstream.server(1).state(upstream.nowMs), 'trial');
    const held = Array.from({ length: 10 }, () => upstream.balancer.choose(null, []) as Server);
    assert.deepEqual(tally(held.map((server) => upstream.numberOf(server))), { 1: 1, 2: 9 });
    for (const server of held) upstream.balancer.ended(server, 'ok');
    assert.deepEqual(upstream.changes, ['1 ejected', '1 back']);
    assert.deepEqual(tally(upstream.requests(10)), { 1: 5, 2: 5 });
  });

  it('is out for as long again when its trial fails, which is no news', () => {
    const upstream = new FakeUpstream([{}, {}]);
    upstream.fail(1);
    upstream.nowMs += 10_000;
    upstream.fail(1);
    assert.deepEqual(tally(upstream.requests(10)), { 2: 10 });
    assert.deepEqual(upstream.changes, ['1 ejected']);
  });

  it('gets another trial when the first does not end', () => {
    const upstream = new FakeUpstream([{}, {}]);
    upstream.fail(1);
    upstream.nowMs += 10_000;
    const held = [upstream.balancer.choose(null, []), upstream.balancer.choose(null, [])];
    assert.ok(held.some((server) => upstream.numberOf(server) === 1));
    upstream.nowMs += 10_000;
    assert.deepEqual(tally(upstream.requests(10)), { 1: 5, 2: 5 });
  });

  it('stays in until max_fails requests have failed within fail_timeout', () => {
    const upstream = new FakeUpstream([{ maxFails: 3 }, {}]);
    upstream.fail(1);
    upstream.fail(1);
    upstream.nowMs += 10_000;
    upstream.fail(1);
    upstream.fail(1);
    assert.deepEqual(upstream.changes, []);
    upstream.fail(1);
    assert.deepEqual(upstream.changes, ['1 ejected']);
  });

  for (const options of [{ maxFails: 0 }, { failTimeoutMs: 0 }]) {
    it(`is never out with ${JSON.stringify(options)}`, () => {
      const upstream = new FakeUpstream([options, {}]);
      for (let times = 0; times < 10; times += 1) upstream.fail(1);
      assert.deepEqual(tally(upstream.requests(10)), { 1: 5, 2: 5 });
      assert.deepEqual(upstream.changes, []);
    });
  }

  it('is not back because of what it had been given before', () => {
    const upstream = new FakeUpstream([{}, {}]);
    const early = [upstream.balancer.choose(null, []), upstream.balancer.choose(null, [])] as Server[];
    upstream.fail(1);
    for (const server of early) upstream.balancer.ended(server, 'ok');
    assert.deepEqual(tally(upstream.requests(10)), { 2: 10 });
  });

  it('stays out when the client of its trial leaves before the end, until the next', () => {
    const upstream = new FakeUpstream([{}, {}]);
    upstream.fail(1);
    upstream.nowMs += 10_000;
    const trial = [upstream.balancer.choose(null, []), upstream.balancer.choose(null, [])] as Server[];
    for (const server of trial) upstream.balancer.ended(server, 'unknown');
    assert.deepEqual(tally(upstream.requests(10)), { 2: 10 });
    upstream.nowMs += 10_000;
    assert.deepEqual(tally(upstream.requests(10)), { 1: 5, 2: 5 });
  });

  it('begins with little when it is back, and gets more and more', () => {
    const upstream = new FakeUpstream([{ slowStartMs: 10_000 }, {}]);
    upstream.fail(1);
    upstream.nowMs += 10_000;
    while (upstream.request() !== 1);
    const shareAfter = (ms: number): number => {
      upstream.nowMs += ms;
      return (tally(upstream.requests(300))[1] ?? 0) / 300;
    };
    assert.ok(shareAfter(100) < 0.05);
    const half = shareAfter(4900);
    assert.ok(half > 0.3 && half < 0.37, `${half}`);
    assert.equal(shareAfter(5000), 0.5);
  });
});

describe('when no server is there', () => {
  it('the backups are asked, and no longer than that', () => {
    const upstream = new FakeUpstream([{}, {}, { isBackup: true }]);
    assert.deepEqual(tally(upstream.requests(10)), { 1: 5, 2: 5 });
    upstream.fail(1);
    upstream.fail(2);
    assert.deepEqual(tally(upstream.requests(10)), { 3: 10 });
    upstream.nowMs += 10_000;
    assert.deepEqual(tally(upstream.requests(10)), { 1: 5, 2: 5 });
  });

  it('those that are out are tried nevertheless, the backups last', () => {
    const upstream = new FakeUpstream([{}, {}, { isBackup: true }]);
    for (const number of [1, 2, 3]) upstream.fail(number);
    const { balancer } = upstream;
    const tried: Server[] = [];
    for (let server = balancer.choose(null, tried); server !== null; server = balancer.choose(null, tried)) {
      tried.push(server);
    }
    assert.deepEqual(
      tried
        .map((server) => upstream.numberOf(server))
        .slice(0, 2)
        .sort(),
      [1, 2],
    );
    assert.equal(upstream.numberOf(tried[2] ?? null), 3);
    for (const server of tried) balancer.ended(server, 'failed');
  });

  it('the first to answer is back at once', () => {
    const upstream = new FakeUpstream([{}, {}]);
    upstream.fail(1);
    upstream.fail(2);
    const number = upstream.request();
    assert.deepEqual(upstream.changes.at(-1), `${number} back`);
    assert.deepEqual(tally(upstream.requests(10)), { [`${number}`]: 10 });
  });

  it('what only has failed comes before what a health check has found sick', () => {
    const upstream = new FakeUpstream([{}, {}]);
    upstream.fail(1);
    upstream.server(2).setSick(true, upstream.nowMs);
    assert.equal(upstream.request('failed'), 1);
    upstream.server(1).setSick(true, upstream.nowMs);
    assert.notEqual(upstream.request('failed'), null);
  });

  it('the only server is tried always', () => {
    const upstream = new FakeUpstream([{}]);
    for (let times = 0; times < 5; times += 1) assert.equal(upstream.request('failed'), 1);
  });

  it('but down, there is none', () => {
    assert.equal(new FakeUpstream([{ isDown: true }]).request(), null);
    const upstream = new FakeUpstream([{ isDown: true }, {}]);
    upstream.fail(2);
    assert.deepEqual(tally(upstream.requests(10)), { 2: 10 });
  });
});

describe('a server that is full', () => {
  it('gets nothing more until something ends', () => {
    const upstream = new FakeUpstream([{ maxConnections: 2 }, {}]);
    const held = Array.from({ length: 10 }, () => upstream.balancer.choose(null, []) as Server);
    assert.deepEqual(tally(held.map((server) => upstream.numberOf(server))), { 1: 2, 2: 8 });
    upstream.balancer.ended(upstream.server(1), 'ok');
    upstream.request();
    upstream.request();
    assert.equal(upstream.server(1).given, 3);
  });

  it('hands over to the backups, and not to those that are out', () => {
    const upstream = new FakeUpstream([{ maxConnections: 1 }, {}, { isBackup: true }]);
    upstream.fail(2);
    const held = [1, 2].map(() => upstream.numberOf(upstream.balancer.choose(null, [])));
    assert.deepEqual(held, [1, 3]);
    const without = new FakeUpstream([{ maxConnections: 1 }, {}]);
    without.fail(2);
    assert.notEqual(without.balancer.choose(null, []), null);
    assert.equal(without.balancer.choose(null, []), null);
  });
});

describe('a server that is sick', () => {
  it('gets nothing, and its weight grows when it is well', () => {
    const upstream = new FakeUpstream([{ slowStartMs: 1000 }, {}]);
    upstream.server(1).setSick(true, upstream.nowMs);
    assert.deepEqual(tally(upstream.requests(10)), { 2: 10 });
    upstream.server(1).setSick(false, upstream.nowMs);
    assert.equal(upstream.server(1).weight(upstream.nowMs + 500), 0.5);
    assert.equal(upstream.server(1).weight(upstream.nowMs + 1000), 1);
  });
});

describe('a server that was known under another configuration', () => {
  it('is sick and out as before, for no longer than it may be now, and only if somebody tells when it is well', () => {
    const upstream = new FakeUpstream([{}, {}]);
    upstream.fail(1);
    upstream.server(2).setSick(true, upstream.nowMs);
    const { nowMs } = upstream;
    const heir = (number: number, isChecked: boolean, options: ServerOptions = {}) => {
      const before = upstream.server(number);
      const server = new Server({ ...before.spec, ...options }, before.address);
      server.inherit(before, isChecked, nowMs);
      return server;
    };
    assert.equal(heir(1, true).state(nowMs + 9999), 'out');
    assert.equal(heir(1, true, { failTimeoutMs: 1000 }).state(nowMs + 1000), 'trial');
    assert.equal(heir(1, true, { failTimeoutMs: 0 }).state(nowMs), 'up');
    assert.equal(heir(2, true).state(nowMs), 'sick');
    assert.equal(heir(2, false).state(nowMs), 'up');
  });
});

describe('a name with several addresses', () => {
  const at = (...hosts: readonly string[]) => hosts.map((host) => ({ kind: 'tcp', host, port: 80 }) as const);

  it('is as many servers, and what stays keeps what is known of it', () => {
    const upstream = new FakeUpstream([{}]);
    const { balancer } = upstream;
    const spec = upstream.specs[0] as (typeof upstream.specs)[number];
    balancer.setAddresses(spec, at('10.1.0.1', '10.1.0.2', '10.1.0.3'));
    const labels = Array.from({ length: 6 }, () => balancer.choose(null, [])?.label);
    assert.deepEqual(tally(labels.map((label) => Number(label?.at(-4)))), { 1: 2, 2: 2, 3: 2 });
    const [first, second] = balancer.servers;
    balancer.setAddresses(spec, at('10.1.0.4', '10.1.0.1'));
    assert.deepEqual(
      balancer.servers.map(({ label, active }) => [label, active]),
      [
        ['10.1.0.4:80', 0],
        ['10.1.0.1:80', 2],
      ],
    );
    assert.equal(balancer.servers[1], first);
    assert.deepEqual([first?.isGone, second?.isGone], [false, true]);
  });

  it('gives a new one little at first, where that is wanted, and all of the first ones their share', () => {
    const upstream = new FakeUpstream([{ slowStartMs: 1000 }]);
    const { balancer } = upstream;
    const spec = upstream.specs[0] as (typeof upstream.specs)[number];
    assert.equal(balancer.servers[0]?.weight(upstream.nowMs), 1);
    balancer.setAddresses(spec, at('10.0.0.1', '10.1.0.2'));
    const weights = balancer.servers.map((server) => server.weight(upstream.nowMs + 250));
    assert.deepEqual(weights, [1, 0.25]);
  });

  it('may have none, as long as it was never found', () => {
    const upstream = new FakeUpstream([{}, {}]);
    upstream.balancer.setAddresses(upstream.specs[0] as (typeof upstream.specs)[number], []);
    assert.deepEqual(tally(upstream.requests(4)), { 2: 4 });
  });

  it('tells nobody of one that has gone', () => {
    const upstream = new FakeUpstream([{}, {}]);
    const held = upstream.balancer.choose(null, []) as Server;
    upstream.balancer.setAddresses(upstream.specs[0] as (typeof upstream.specs)[number], []);
    upstream.balancer.ended(held, 'failed');
    assert.deepEqual(upstream.changes, []);
  });
});

describe('whatever happens', () => {
  const balances: readonly BalanceSpec[] = [
    { by: 'round-robin' },
    { by: 'least-connections' },
    { by: 'two-choices' },
    { by: 'hash', key: '$remote_addr' },
  ];
  for (const balance of balances) {
    it(`by ${balance.by} nothing goes to a server that is out, full, sick or a backup while a better one is there`, () => {
      for (let seed = 1; seed <= 30; seed += 1) wander(new Random(seed), balance);
    });
  }

  function wander(random: Random, balance: BalanceSpec): void {
    const options = Array.from(
      { length: random.between(1, 6) },
      (): ServerOptions => ({
        weight: random.between(1, 4),
        maxFails: random.between(0, 3),
        failTimeoutMs: random.between(0, 50),
        slowStartMs: random.between(0, 1) * 40,
        isBackup: random.chance(0.2),
        isDown: random.chance(0.1),
        maxConnections: random.between(0, 4),
      }),
    );
    const upstream = new FakeUpstream(options, balance, random.between(1, 1000));
    const { balancer } = upstream;
    const held: Server[] = [];
    for (let step = 0; step < 400; step += 1) {
      upstream.nowMs += random.between(0, 5);
      if (random.chance(0.05)) random.of(balancer.servers).setSick(random.chance(0.5), upstream.nowMs);
      if (random.chance(0.5) && held.length > 0) {
        const [server] = held.splice(random.below(held.length), 1);
        if (server !== undefined) balancer.ended(server, random.chance(0.7) ? 'ok' : 'failed');
      }
      const tried = balancer.servers.filter(() => random.chance(0.1));
      const usable = balancer.servers.filter(
        (server) => server.isUp(upstream.nowMs) && !server.isFull && !tried.includes(server),
      );
      const best = usable.some(({ spec }) => !spec.isBackup)
        ? usable.filter(({ spec }) => !spec.isBackup)
        : usable;
      const chosen = balancer.choose(`${random.below(20)}`, tried);
      if (best.length > 0) assert.ok(chosen !== null && best.includes(chosen), `seed step ${step}`);
      if (chosen === null) continue;
      assert.ok(!chosen.spec.isDown && !tried.includes(chosen));
      const most = chosen.spec.maxConnections;
      assert.ok(most === 0 || chosen.active <= most);
      held.push(chosen);
    }
    for (const server of held) balancer.ended(server, 'ok');
    assert.ok(balancer.servers.every(({ active }) => active === 0));
  }
});
