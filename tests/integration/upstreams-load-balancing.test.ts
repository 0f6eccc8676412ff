import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { BalancingKirin } from '../support/balancing-kirin.ts';
import { checkDocumented } from '../support/documented.ts';
import { RawConnection } from '../support/raw-connection.ts';
import { SteadyLoad } from '../support/steady-load.ts';
import { startUpstreamServers, UpstreamServer } from '../support/upstream-server.ts';
import { waitFor } from '../support/wait-for.ts';

const SITE = '[[sites]]\nroutes = [{ proxy = "http://shop" }]\n';

/** How often each text is there. */
function tally(texts: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const text of texts) counts[text] = (counts[text] ?? 0) + 1;
  return counts;
}

describe('an upstream of three servers', () => {
  let servers: UpstreamServer[];
  before(async () => {
    servers = await startUpstreamServers('a', 'b', 'c');
  });
  after(async () => {
    for (const server of servers) await server.kill();
  });
  beforeEach(async () => {
    for (const server of servers) await server.order({ status: 200, health: 200, holds: false });
  });

  const addresses = (options: Readonly<Record<string, string>> = {}) => {
    const extra = Object.entries(options).map(([key, value]) => `, ${key} = ${value}`);
    const tables = servers.map(({ address }) => `{ address = "${address}"${extra.join('')} }`);
    return `servers = [${tables.join(', ')}]`;
  };

  async function withKirin(lines: string, use: (proxy: BalancingKirin) => Promise<void>): Promise<void> {
    const proxy = await BalancingKirin.start(lines);
    let isDone = false;
    try {
      await use(proxy);
      isDone = true;
    } finally {
      if (isDone) await proxy.stop();
      else {
        console.error(`--- log of kirin ---\n${proxy.kirin.log()}`);
        proxy.kirin.discard();
      }
    }
  }

  it('takes turns by weight', async () => {
    const [a, b, c] = servers.map(({ address }) => address);
    const lines = `[upstreams.shop]\nservers = [{ address = "${a}", weight = 3 }, "${b}", { address = "${c}", backup = true }]\n`;
    await withKirin(SITE + lines, async (proxy) => {
      assert.deepEqual(tally(await proxy.bodies(40)), { a: 30, b: 10 });
      const numbers = await proxy.servers('shop');
      assert.deepEqual(
        numbers.map(({ address, state, given, failed, active }) => [address, state, given, failed, active]),
        [
          [a, 'up', 30, 0, 0],
          [b, 'up', 10, 0, 0],
          [c, 'up', 0, 0, 0],
        ],
      );
    });
  });

  it('loses no request when one of them is killed under load, and has it again when it is back', async () => {
    const lines = `[upstreams.shop]\n${addresses({ fail_timeout: '"1s"' })}\n`;
    await withKirin(SITE + lines, async (proxy) => {
      const [, b] = servers as [UpstreamServer, UpstreamServer, UpstreamServer];
      const load = new SteadyLoad({ port: proxy.kirin.port });
      await waitFor(() => tally(load.bodies).b, { what: 'answers of b' });
      await b.kill();
      await proxy.kirin.waitForLog(new RegExp(`Upstream shop: ${b.address} gets nothing for 1 s`));
      const soFar = load.answered;
      await waitFor(() => load.answered > soFar + 100, { what: 'answers without b' });
      await b.start();
      await proxy.kirin.waitForLog(new RegExp(`Upstream shop: ${b.address} answers again`));
      const before = tally(load.bodies).b ?? 0;
      await waitFor(() => (tally(load.bodies).b ?? 0) > before + 10, { what: 'answers of b' });
      assert.deepEqual((await load.stop()).failures, []);
    });
  });

  it('loses no request when one of them freezes, and has it again when it thaws', async () => {
    const site = '[[sites]]\nroutes = [{ proxy = { to = "http://shop", first_byte_timeout = "2s" } }]\n';
    const lines = `[upstreams.shop]\n${addresses({ fail_timeout: '"1s"' })}\n`;
    await withKirin(site + lines, async (proxy) => {
      const [, b] = servers as [UpstreamServer, UpstreamServer, UpstreamServer];
      const load = new SteadyLoad({ port: proxy.kirin.port });
      await waitFor(() => tally(load.bodies).b, { what: 'answers of b' });
      b.freeze();
      await proxy.kirin.waitForLog(new RegExp(`Upstream shop: ${b.address} gets nothing for 1 s`));
      const soFar = load.answered;
      await waitFor(() => load.answered > soFar + 100, { what: 'answers without b' });
      b.thaw();
      await proxy.kirin.waitForLog(new RegExp(`Upstream shop: ${b.address} answers again`));
      assert.deepEqual((await load.stop()).failures, []);
    });
  });

  it('gives nothing more to a server that is stuck, by least connections', async () => {
    const lines = `[upstreams.shop]\n${addresses()}\nbalance = "least-connections"\n`;
    await withKirin(SITE + lines, async (proxy) => {
      const [a] = servers as [UpstreamServer, UpstreamServer, UpstreamServer];
      await a.order({ holds: true });
      const load = new SteadyLoad({ port: proxy.kirin.port, clients: 8 });
      await waitFor(() => load.answered >= 500, { what: 'answers of the others' });
      assert.equal(tally(load.bodies).a, undefined);
      // It had one when all others had, too: of eight clients, three requests.
      const [{ active = 0 } = {}] = await proxy.servers('shop');
      assert.ok(active >= 1 && active <= 3, `${active}`);
      await a.order({ holds: false });
      assert.deepEqual((await load.stop()).failures, []);
    });
  });

  it('counts a connection that was upgraded for as long as it is open', async () => {
    const lines = `[upstreams.shop]\n${addresses()}\nbalance = "least-connections"\n`;
    await withKirin(SITE + lines, async (proxy) => {
      const open = async () => {
        const connection = await RawConnection.open({ port: proxy.kirin.port });
        connection.send('GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n');
        assert.match((await connection.peek(12)).toString('latin1'), /^HTTP\/1.1 101/);
        return connection;
      };
      const connections: RawConnection[] = [];
      while (connections.length < 6) connections.push(await open());
      const active = async () => (await proxy.servers('shop')).map((server) => server.active);
      assert.deepEqual(await active(), [2, 2, 2]);
      for (const connection of connections) connection.destroy();
      await waitFor(async () => (await active()).every((count) => count === 0), { what: 'the end of all' });
    });
  });

  for (const [key, options] of [
    ['$http_x_user', (user: number) => ({ headers: { 'X-User': `user ${user}` } })],
    ['$cookie_session', (user: number) => ({ headers: { Cookie: `a=b; session=${user}` } })],
    ['$remote_addr', (user: number) => ({ localAddress: `127.0.0.${user + 2}` })],
  ] as const) {
    it(`sends what has one ${key} to one server`, async () => {
      const lines = `[upstreams.shop]\n${addresses()}\nbalance = { hash = "${key}" }\n`;
      await withKirin(SITE + lines, async (proxy) => {
        const used = new Set<string>();
        for (let user = 0; user < 30; user += 1) {
          const bodies = new Set(await proxy.bodies(3, '/', options(user)));
          assert.equal(bodies.size, 1, `${[...bodies]} for ${user}`);
          for (const body of bodies) used.add(body);
        }
        assert.equal(used.size, 3);
      });
    });
  }

  it('gives nothing to one whose health check fails', async () => {
    const lines = `[upstreams.shop]\n${addresses()}\nhealth = { path = "/health", every = "100ms", status = 200 }\n`;
    await withKirin(SITE + lines, async (proxy) => {
      const [, b] = servers as [UpstreamServer, UpstreamServer, UpstreamServer];
      await b.order({ health: 500 });
      await proxy.kirin.waitForLog(
        new RegExp(`Upstream shop: ${b.address} gets nothing until GET /health .*: it answered 500`),
      );
      assert.deepEqual(Object.keys(tally(await proxy.bodies(20))).sort(), ['a', 'c']);
      assert.equal((await proxy.servers('shop'))[1]?.state, 'sick');
      await b.order({ health: 200 });
      await proxy.kirin.waitForLog(new RegExp(`Upstream shop: ${b.address} answers GET /health well again`));
      assert.deepEqual(Object.keys(tally(await proxy.bodies(20))).sort(), ['a', 'b', 'c']);
    });
  });

  it('goes on as it is through a reload that does not change it', async () => {
    const lines = `[upstreams.shop]\n${addresses()}\n`;
    await withKirin(SITE + lines, async (proxy) => {
      await proxy.bodies(9);
      await proxy.reload(`timeout = 20\n${SITE}${lines}`);
      assert.deepEqual(
        (await proxy.servers('shop')).map(({ given }) => given),
        [3, 3, 3],
      );
      await proxy.reload(`${SITE}${lines}balance = "two-choices"\n`);
      assert.deepEqual(
        (await proxy.servers('shop')).map(({ given }) => given),
        [0, 0, 0],
      );
      assert.equal((await proxy.ask()).status, 200);
    });
  });

  const both = (dead: UpstreamServer, alive: UpstreamServer) => `[[sites]]
[[sites.routes]]
path = "/dead"
proxy = { to = "http://dead", connect_timeout = "20s" }
[[sites.routes]]
proxy = "http://shop"
[upstreams.dead]
servers = ["${dead.address}"]
[upstreams.shop]
servers = ["${alive.address}"]
`;

  it('loses no request through reloads that change it', async () => {
    const [a, b, c] = servers.map(({ address }) => address);
    const listing = (...list: readonly (string | undefined)[]) =>
      `${SITE}[upstreams.shop]\nservers = [${list.map((address) => `"${address}"`).join(', ')}]\n`;
    await withKirin(listing(a, b), async (proxy) => {
      const load = new SteadyLoad({ port: proxy.kirin.port });
      for (const [lines, name] of [
        [listing(b, c), 'c'],
        [listing(a), 'a'],
        [`${listing(c, b)}balance = "two-choices"\nhealth = "/health"\n`, 'b'],
        [listing(a, b, c), 'a'],
      ] as const) {
        await proxy.reload(lines);
        const soFar = load.answered;
        await waitFor(() => load.bodies.slice(soFar).includes(name), { what: `answers of ${name}` });
      }
      assert.deepEqual((await load.stop()).failures, []);
    });
  });

  it('answers 503 when it has all that its servers may have at one time', async () => {
    const [a] = servers as [UpstreamServer, UpstreamServer, UpstreamServer];
    const lines = `[upstreams.shop]\nservers = [{ address = "${a.address}", max_connections = 2 }]\n`;
    await withKirin(SITE + lines, async (proxy) => {
      await a.order({ holds: true });
      const held = [proxy.ask(), proxy.ask()];
      await waitFor(async () => (await proxy.servers('shop'))[0]?.active === 2, { what: 'two requests' });
      assert.equal((await proxy.ask()).status, 503);
      await a.order({ holds: false });
      assert.deepEqual(tally((await Promise.all(held)).map(({ body }) => body)), { a: 2 });
      assert.equal((await proxy.ask()).body, 'a');
    });
  });

  it('is configured as its page shows', async () => {
    await checkDocumented('docs/operate/load-balancing.md');
  });

  it('is no worse off for another that hangs', async () => {
    const [a, b] = servers as [UpstreamServer, UpstreamServer, UpstreamServer];
    await withKirin(both(a, b), async (proxy) => {
      await a.order({ holds: true });
      const held = Array.from({ length: 200 }, () => proxy.ask('/dead'));
      await waitFor(async () => (await proxy.servers('dead'))[0]?.active === 200, {
        what: 'requests that hang',
      });
      assert.deepEqual(tally(await proxy.bodies(50)), { b: 50 });
      await a.order({ holds: false });
      assert.deepEqual(tally((await Promise.all(held)).map(({ body }) => body)), { a: 200 });
    });
  });

  it('is no worse off for another that takes no connections', async () => {
    const [, b] = servers as [UpstreamServer, UpstreamServer, UpstreamServer];
    const dead = new UpstreamServer('dead', b.host);
    await dead.start(1);
    dead.freeze();
    await withKirin(both(dead, b), async (proxy) => {
      const lost = Array.from({ length: 200 }, () => proxy.ask('/dead'));
      await waitFor(async () => (await proxy.servers('dead'))[0]?.active === 200, {
        what: 'requests that hang',
      });
      assert.deepEqual(tally(await proxy.bodies(50)), { b: 50 });
      await dead.kill();
      const statuses = new Set((await Promise.all(lost)).map(({ status }) => status));
      assert.ok(
        [...statuses].every((status) => status === 502 || status === 504),
        `${[...statuses]}`,
      );
    });
  });
});
