import assert from 'node:assert/strict';
import { it } from 'node:test';
import { AppFolder, answering } from '../support/app-folder.ts';
import { BalancingKirin } from '../support/balancing-kirin.ts';
import { findFreePort } from '../support/free-port.ts';
import { type KirinProcess, startKirin } from '../support/kirin.ts';
import { SteadyLoad } from '../support/steady-load.ts';
import { loopbackHosts } from '../support/upstream-server.ts';
import { waitFor } from '../support/wait-for.ts';

/** An application served by a Kirin of its own, each version in a process of its own. */
class Deployed {
  readonly address: string;
  readonly #folder = new AppFolder({});
  #kirin: KirinProcess | null = null;

  constructor(address: string) {
    this.address = address;
  }

  async start(version: string): Promise<void> {
    this.#folder.write('main.py', answering(version));
    this.#kirin = await startKirin({ app: 'main:app', bind: [this.address], cwd: this.#folder.path });
  }

  async stop(): Promise<void> {
    await this.#kirin?.stop();
  }

  async end(): Promise<void> {
    await this.stop();
    this.#folder.remove();
  }
}

it('a new version is rolled out to three application servers, one after the other, and no request is lost', async () => {
  const hosts = loopbackHosts(3);
  const servers = await Promise.all(
    hosts.map(async (host) => new Deployed(`${host}:${await findFreePort(host)}`)),
  );
  await Promise.all(servers.map((server, index) => server.start(`old ${index}`)));
  const list = servers.map(({ address }) => `{ address = "${address}", fail_timeout = "500ms" }`);
  const proxy = await BalancingKirin.start(
    `[[sites]]\nroutes = [{ proxy = "http://shop" }]\n[upstreams.shop]\nservers = [${list.join(', ')}]\n`,
  );
  const load = new SteadyLoad({ port: proxy.kirin.port });
  for (const [index, server] of servers.entries()) {
    await waitFor(() => load.bodies.includes(`old ${index}`), { what: `answers of ${index}` });
    await server.stop();
    await server.start(`new ${index}`);
    await waitFor(() => load.bodies.includes(`new ${index}`), { what: `answers of the new ${index}` });
  }
  const { bodies, failures } = await load.stop();
  assert.deepEqual(failures, []);
  assert.ok(bodies.slice(-6).every((body) => body.startsWith('new')));
  await proxy.stop();
  await Promise.all(servers.map((server) => server.end()));
});
