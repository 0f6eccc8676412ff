import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { BalancingKirin, hostsAreFixed } from '../support/balancing-kirin.ts';
import { type DnsServer, startDnsServer } from '../support/dns-server.ts';
import { findFreePort } from '../support/free-port.ts';
import { SteadyLoad } from '../support/steady-load.ts';
import { makeTemporaryFolder, removeFolder } from '../support/temporary-folder.ts';
import { loopbackHosts, UpstreamServer } from '../support/upstream-server.ts';
import { waitFor } from '../support/wait-for.ts';

describe('a server that is named', () => {
  let dns: DnsServer;
  let servers: UpstreamServer[];
  let port: number;
  before(async () => {
    dns = await startDnsServer();
    const hosts = loopbackHosts(3);
    port = await findFreePort(hosts[0]);
    servers = hosts.map((host, index) => new UpstreamServer('abc'.charAt(index), host, port));
    await Promise.all(servers.map((server) => server.start()));
  });
  after(async () => {
    for (const server of servers) await server.kill();
    dns.close();
  });

  const hosts = (...indexes: readonly number[]) => indexes.map((index) => servers[index]?.host ?? '');
  const upstream = (name: string, more = '') => `resolver = "${dns.address}"
[[sites]]
routes = [{ proxy = "http://shop" }]
[upstreams.shop]
servers = ["${name}:${port}"]
resolve_every = "100ms"
${more}`;

  it('is all of its addresses, as a service of Docker Compose has several, and loses nothing when one goes', async () => {
    dns.set('web', hosts(0, 1, 2));
    const proxy = await BalancingKirin.start(upstream('web'));
    assert.deepEqual((await proxy.bodies(9)).sort().join(''), 'aaabbbccc');
    const load = new SteadyLoad({ port: proxy.kirin.port });
    dns.set('web', hosts(0, 1));
    await proxy.kirin.waitForLog(new RegExp(`Upstream shop: web is ${hosts(0, 1).join(', ')}`));
    await servers[2]?.kill();
    const soFar = load.answered;
    await waitFor(() => load.answered > soFar + 50, { what: 'answers' });
    const { failures, bodies } = await load.stop();
    assert.deepEqual(failures, []);
    assert.deepEqual([...new Set(bodies.slice(-20))].sort(), ['a', 'b']);
    await servers[2]?.start();
    await proxy.stop();
  });

  it('gets requests at its new address when DNS has another', async () => {
    dns.set('moving', hosts(0));
    const proxy = await BalancingKirin.start(upstream('moving'));
    assert.deepEqual(await proxy.bodies(2), ['a', 'a']);
    dns.set('moving', hosts(1));
    await proxy.kirin.waitForLog(/Upstream shop: moving is /);
    assert.deepEqual(await proxy.bodies(2), ['b', 'b']);
    dns.fail('moving');
    await proxy.kirin.waitForLog(/moving could not be looked up \(ESERVFAIL\); its addresses of before stay/);
    assert.deepEqual(await proxy.bodies(2), ['b', 'b']);
    await proxy.stop();
  });

  it('may be unknown at the start: the answer is 503 until it is there', async () => {
    const proxy = await BalancingKirin.start(upstream('late'));
    await proxy.kirin.waitForLog(/Upstream shop: late could not be looked up \(ENOTFOUND\)/);
    assert.equal((await proxy.ask()).status, 503);
    dns.set('late', hosts(2));
    await proxy.kirin.waitForLog(/Upstream shop: late was found/);
    assert.deepEqual(await proxy.ask(), { status: 200, body: 'c' });
    await proxy.stop();
  });

  it('is known to the first request after a start and a reload', async () => {
    dns.set('first', hosts(0));
    dns.set('second', hosts(1));
    const proxy = await BalancingKirin.start(upstream('first'));
    assert.equal((await proxy.ask()).body, 'a');
    const load = new SteadyLoad({ port: proxy.kirin.port });
    await waitFor(() => load.answered > 10, { what: 'answers' });
    await proxy.reload(upstream('second'));
    await waitFor(() => load.bodies.at(-1) === 'b', { what: 'answers of the other' });
    assert.deepEqual((await load.stop()).failures, []);
    await proxy.stop();
  });

  it('need not be an upstream: a route may name it', async () => {
    dns.set('direct', hosts(0, 1));
    const proxy = await BalancingKirin.start(
      `resolver = "${dns.address}"\n[[sites]]\nroutes = [{ proxy = "http://direct:${port}" }]\n`,
    );
    assert.deepEqual((await proxy.bodies(4)).sort().join(''), 'aabb');
    await proxy.stop();
  });

  it('stalls no other when its name server is silent', async () => {
    dns.silence('lost');
    dns.set('present', hosts(0));
    const proxy = await BalancingKirin.start(`resolver = "${dns.address}"
[[sites]]
[[sites.routes]]
path = "/lost"
proxy = "http://lost:${port}"
[[sites.routes]]
proxy = "http://present:${port}"
`);
    const lost = Array.from({ length: 20 }, () => proxy.ask('/lost'));
    const { body } = await Promise.race([proxy.ask(), ...lost]);
    assert.equal(body, 'a');
    assert.deepEqual(new Set((await Promise.all(lost)).map(({ status }) => status)), new Set([503]));
    await proxy.stop();
  });

  it('is found in /etc/hosts, with all of its addresses, and again as that changes', {
    skip: hostsAreFixed,
  }, async () => {
    const folder = makeTemporaryFolder();
    const file = join(folder, 'hosts');
    const write = (...indexes: readonly number[]) =>
      writeFileSync(
        file,
        ['127.0.0.1 localhost', ...hosts(...indexes).map((host) => `${host} web`), ''].join('\n'),
      );
    write(0, 1);
    const proxy = await BalancingKirin.startWithHosts(
      file,
      `[[sites]]\nroutes = [{ proxy = "http://shop" }]\n[upstreams.shop]\nservers = ["web:${port}"]\nresolve_every = "100ms"\n`,
    );
    assert.deepEqual((await proxy.bodies(4)).sort().join(''), 'aabb');
    write(2);
    await proxy.kirin.waitForLog(/Upstream shop: web is /);
    assert.deepEqual(await proxy.bodies(2), ['c', 'c']);
    await proxy.stop();
    removeFolder(folder);
  });

  it('is found by the system where no name server is told: localhost', async () => {
    const local = new UpstreamServer('local', '127.0.0.1');
    await local.start();
    const proxy = await BalancingKirin.start(
      `[[sites]]\nroutes = [{ proxy = "http://localhost:${local.port}" }]\n`,
    );
    assert.deepEqual(await proxy.bodies(4), ['local', 'local', 'local', 'local']);
    await proxy.stop();
    await local.kill();
  });
});
