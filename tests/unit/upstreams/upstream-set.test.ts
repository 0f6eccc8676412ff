import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NO_FRONT } from '../../../src/protocol/supervision/front.ts';
import {
  SERVER_DEFAULTS,
  UPSTREAM_DEFAULTS,
  type UpstreamSpec,
} from '../../../src/protocol/supervision/upstream.ts';
import { UpstreamSet } from '../../../src/upstreams/upstream-set.ts';
import { startDnsServer } from '../../support/dns-server.ts';
import { waitFor } from '../../support/wait-for.ts';

const tcp = (host: string) => ({ kind: 'tcp', host, port: 8000 }) as const;

function spec(name: string, hosts: readonly string[], resolvers: readonly string[] = []): UpstreamSpec {
  const servers = hosts.map((host) => ({ ...SERVER_DEFAULTS, address: tcp(host) }));
  return { ...UPSTREAM_DEFAULTS, name, servers, names: { resolvers, everyMs: 20 } };
}

function aSet() {
  const lines: string[] = [];
  const add = (line: string) => lines.push(line);
  const set = new UpstreamSet({ debug: add, info: add, warning: add });
  const configure = (...upstreams: readonly UpstreamSpec[]) => {
    set.reset({ ...NO_FRONT, upstreams });
    set.settle();
  };
  return { set, lines, configure };
}

test('an upstream that is the same after a reload goes on as it is; one that is not begins anew', () => {
  const { set, configure } = aSet();
  configure(spec('a', ['10.0.0.1', '10.0.0.2']), spec('b', ['10.0.0.1']));
  const [a, b] = [set.find('a'), set.find('b')];
  const held = a.choose(null, []);
  configure(spec('a', ['10.0.0.1', '10.0.0.2']), spec('b', ['10.0.0.3']));
  assert.equal(set.find('a'), a);
  assert.notEqual(set.find('b'), b);
  assert.equal(set.facts()[0]?.servers[0]?.active, 1);
  assert.ok(held !== null);
  a.ended(held, 'ok');
});

test('one that is gone chooses nothing more, and what it had chosen may end', () => {
  const { set, configure } = aSet();
  configure(spec('a', ['10.0.0.1']));
  const a = set.find('a');
  const held = a.choose(null, []);
  configure();
  assert.equal(a.choose(null, []), null);
  assert.ok(held !== null);
  a.ended(held, 'failed');
  assert.deepEqual(set.facts(), []);
});

test('a server that is named where requests are proxied to it is one upstream for all who name it', () => {
  const { set, configure } = aSet();
  configure();
  assert.equal(set.find(tcp('10.0.0.1')), set.find(tcp('10.0.0.1')));
  assert.notEqual(set.find(tcp('10.0.0.1')), set.find(tcp('10.0.0.2')));
  const before = set.find(tcp('10.0.0.1'));
  set.reset(NO_FRONT);
  assert.equal(set.find(tcp('10.0.0.1')), before);
  set.settle();
  assert.equal(before.choose(null, [])?.label, '10.0.0.1:8000');
});

test('names are looked up, and again as the answers change', async () => {
  const dns = await startDnsServer();
  try {
    dns.set('app', ['10.0.0.1', '10.0.0.2']);
    const { set, lines, configure } = aSet();
    configure(spec('shop', ['app'], [dns.address]));
    const upstream = set.find('shop');
    await upstream.settling;
    const labels = () => {
      const chosen = Array.from({ length: 4 }, () => upstream.choose(null, []));
      for (const endpoint of chosen) if (endpoint !== null) upstream.ended(endpoint, 'ok');
      return [...new Set(chosen.map((endpoint) => endpoint?.label))].sort();
    };
    assert.deepEqual(labels(), ['10.0.0.1:8000', '10.0.0.2:8000']);
    dns.set('app', ['10.0.0.3']);
    await waitFor(() => labels()[0] === '10.0.0.3:8000', { what: 'the new address' });
    dns.fail('app');
    await waitFor(() => lines.length === 2, { what: 'the failure' });
    assert.deepEqual(labels(), ['10.0.0.3:8000']);
    assert.deepEqual(lines, [
      'Upstream shop: app is 10.0.0.3',
      'Upstream shop: app could not be looked up (ESERVFAIL); its addresses of before stay in use',
    ]);
    configure();
  } finally {
    dns.close();
  }
});

test('a name that is not found leaves its upstream without servers until it is', async () => {
  const dns = await startDnsServer();
  try {
    const { set, lines, configure } = aSet();
    configure(spec('shop', ['app'], [dns.address]));
    const upstream = set.find('shop');
    await upstream.settling;
    assert.equal(upstream.choose(null, []), null);
    assert.deepEqual(lines, [
      'Upstream shop: app could not be looked up (ENOTFOUND); it gets nothing until it can be',
    ]);
    dns.set('app', ['10.0.0.1']);
    await waitFor(() => upstream.choose(null, []) !== null, { what: 'the address' });
    assert.equal(lines[1], 'Upstream shop: app was found: 10.0.0.1');
    configure();
  } finally {
    dns.close();
  }
});

test('a name server that is silent does not hold up an upstream whose name is found', async () => {
  const dns = await startDnsServer();
  try {
    dns.silence('silent');
    dns.set('app', ['10.0.0.1']);
    const { set, configure } = aSet();
    configure(spec('dead', ['silent'], [dns.address]), spec('shop', ['app'], [dns.address]));
    await set.find('shop').settling;
    assert.equal(set.find('shop').choose(null, [])?.label, '10.0.0.1:8000');
    assert.equal(set.find('dead').choose(null, []), null);
    configure();
  } finally {
    dns.close();
  }
});

test('nobody waits for a name while another server is there', async () => {
  const dns = await startDnsServer();
  try {
    dns.silence('silent');
    dns.set('app', ['10.0.0.1']);
    const { set, configure } = aSet();
    configure(
      spec('mixed', ['10.0.0.9', 'silent'], [dns.address]),
      spec('names', ['silent', 'app'], [dns.address]),
      spec('lost', ['silent'], [dns.address]),
    );
    assert.equal(set.find('mixed').settling, null);
    assert.equal(set.find('mixed').choose(null, [])?.label, '10.0.0.9:8000');
    const settled = ['lost', 'names'].map(async (name) => {
      await set.find(name).settling;
      return name;
    });
    assert.equal(await Promise.race(settled), 'names');
    assert.equal(set.find('names').choose(null, [])?.label, '10.0.0.1:8000');
    configure();
  } finally {
    dns.close();
  }
});

test('servers of an upstream that is changed are out as they were, as far as the new one has that', () => {
  const { set, configure } = aSet();
  const states = () => set.facts()[0]?.servers.map(({ address, state }) => `${address} ${state}`);
  configure(spec('a', ['10.0.0.1', '10.0.0.2']));
  const a = set.find('a');
  const [first, second] = [a.choose(null, []), a.choose(null, [])];
  assert.ok(first !== null && second !== null);
  a.ended(first, 'failed');
  a.ended(second, 'ok');
  configure(spec('a', ['10.0.0.1', '10.0.0.2', '10.0.0.3']));
  assert.deepEqual(states(), ['10.0.0.1:8000 out', '10.0.0.2:8000 up', '10.0.0.3:8000 up']);
  const lenient = spec('a', ['10.0.0.1']);
  configure({ ...lenient, servers: lenient.servers.map((server) => ({ ...server, maxFails: 0 })) });
  assert.deepEqual(states(), ['10.0.0.1:8000 up']);
});
