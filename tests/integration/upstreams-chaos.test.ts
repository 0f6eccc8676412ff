import assert from 'node:assert/strict';
import { it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { BalancingKirin } from '../support/balancing-kirin.ts';
import { Random } from '../support/random.ts';
import { RestlessClients } from '../support/restless-clients.ts';
import { SteadyLoad } from '../support/steady-load.ts';
import { startUpstreamServers, type UpstreamServer } from '../support/upstream-server.ts';
import { waitFor } from '../support/wait-for.ts';

// For development: KIRIN_CHAOS_SECONDS makes it shorter or longer, and KIRIN_CHAOS_SEED repeats the choices of a run.
const SECONDS = Number(process.env.KIRIN_CHAOS_SECONDS ?? 20);
const SEED = Number(process.env.KIRIN_CHAOS_SEED ?? Date.now() % 1_000_000);

it('while upstreams are killed and started again, no safe request is lost as long as one of them runs', async (context) => {
  const random = new Random(SEED);
  const servers = await startUpstreamServers('a', 'b', 'c', 'd');
  const list = servers.map(
    ({ address }) =>
      `{ address = "${address}", fail_timeout = "500ms", max_fails = ${random.between(1, 3)} }`,
  );
  const proxy = await BalancingKirin.start(`
[[sites]]
[[sites.routes]]
path = "/hash"
proxy = "http://hash"
[[sites.routes]]
path = "/least"
proxy = "http://least"
[[sites.routes]]
proxy = "http://turns"
[upstreams.turns]
servers = [${list.join(', ')}]
[upstreams.least]
servers = [${list.join(', ')}]
balance = "least-connections"
[upstreams.hash]
servers = [${list.join(', ')}]
balance = { hash = "$remote_port" }
`);
  const loads = ['/', '/least', '/hash'].map(
    (path) => new SteadyLoad({ port: proxy.kirin.port, path, clients: 3 }),
  );
  // Whatever they do, nothing is counted that has ended.
  const restless = new RestlessClients(proxy.kirin.port, 4, random.fork());
  const untilMs = Date.now() + SECONDS * 1000;
  let kills = 0;
  while (Date.now() < untilMs) {
    const running = servers.filter(({ isRunning }) => isRunning);
    const stopped = servers.filter(({ isRunning }) => !isRunning);
    if (running.length > 1 && random.chance(0.6)) {
      await random.of(running).kill();
      kills += 1;
    } else if (stopped.length > 0) {
      await random.of(stopped).start();
    }
    await pause(random.between(0, 200));
  }
  await Promise.all(servers.filter(({ isRunning }) => !isRunning).map((server) => server.start()));
  const visits = await restless.stop();
  const numbers = async () =>
    (await Promise.all(['turns', 'least', 'hash'].map((name) => proxy.servers(name)))).flat();
  const isEverybodyUp = async () => (await numbers()).every(({ state }) => state === 'up');
  await waitFor(isEverybodyUp, { what: 'all servers to be up again' });
  const results = await Promise.all(loads.map((load) => load.stop()));
  const answered = results.map((result) => result.answered);
  await waitFor(async () => (await numbers()).every(({ active }) => active === 0), {
    what: 'the end of all requests',
  });
  const facts = `seed ${SEED}, ${kills} kills, ${answered} answers, ${visits} restless clients`;
  context.diagnostic(facts);
  assert.deepEqual(
    results.flatMap(({ failures }) => failures),
    [],
    facts,
  );
  assert.ok(kills >= SECONDS / 2, `too little has happened: ${facts}`);
  assert.ok(
    answered.every((count) => count > SECONDS * 5),
    `too little was answered: ${facts}`,
  );
  await proxy.stop();
  await Promise.all(servers.map((server: UpstreamServer) => server.kill()));
});
