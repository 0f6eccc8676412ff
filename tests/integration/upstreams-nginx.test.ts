import assert from 'node:assert/strict';
import { request } from 'node:http';
import { after, before, describe, it } from 'node:test';
import { BalancingKirin } from '../support/balancing-kirin.ts';
import { Nginx, nginxIsMissing } from '../support/nginx.ts';
import { startUpstreamServers, type UpstreamServer } from '../support/upstream-server.ts';

interface Case {
  readonly what: string;
  /** In nginx's words; A, B … stand for the servers. */
  readonly nginx: string;
  /** In kirin.toml's. */
  readonly kirin: string;
  /** Which servers do not run. */
  readonly dead?: string;
  readonly requests: number;
}

const CASES: readonly Case[] = [
  {
    what: 'three servers alike',
    nginx: 'server A; server B; server C;',
    kirin: 'servers = ["A", "B", "C"]',
    requests: 9,
  },
  {
    what: 'weights',
    nginx: 'server A weight=5; server B; server C weight=2;',
    kirin: 'servers = [{ address = "A", weight = 5 }, "B", { address = "C", weight = 2 }]',
    requests: 24,
  },
  {
    what: 'a server that is down, and a backup',
    nginx: 'server A; server B down; server C backup;',
    kirin: 'servers = ["A", { address = "B", down = true }, { address = "C", backup = true }]',
    requests: 6,
  },
  {
    what: 'a dead server with a backup',
    nginx: 'server A; server B backup;',
    kirin: 'servers = ["A", { address = "B", backup = true }]',
    dead: 'A',
    requests: 6,
  },
  {
    what: 'three servers of which one is dead',
    nginx: 'server A; server B; server C;',
    kirin: 'servers = ["A", "B", "C"]',
    dead: 'B',
    requests: 12,
  },
  {
    what: 'a dead server that is never given up',
    nginx: 'server A fail_timeout=0; server B fail_timeout=0;',
    kirin: 'servers = [{ address = "A", fail_timeout = 0 }, { address = "B", fail_timeout = 0 }]',
    dead: 'A',
    requests: 8,
  },
  {
    what: 'least connections, one request at a time',
    nginx: 'least_conn; server A weight=3; server B;',
    kirin: 'servers = [{ address = "A", weight = 3 }, "B"]\nbalance = "least-connections"',
    requests: 16,
  },
];

describe('beside nginx', { skip: nginxIsMissing }, () => {
  let servers: UpstreamServer[];
  before(async () => {
    servers = await startUpstreamServers('A', 'B', 'C');
  });
  after(async () => {
    for (const server of servers) await server.kill();
  });

  const addressed = (text: string) =>
    servers.reduce((all, { name, address }) => all.replace(new RegExp(`\\b${name}\\b`), address), text);

  for (const { what, nginx, kirin, dead, requests } of CASES) {
    it(`requests go the same way: ${what}`, async () => {
      const down = servers.filter(({ name }) => name === dead);
      for (const server of down) await server.kill();
      const upstream = `upstream shop { ${addressed(nginx)} }`;
      const theirs = await Nginx.start(
        `${upstream} server { listen LISTEN; location / { proxy_pass http://shop; } }`,
      );
      const ours = await BalancingKirin.start(
        `[[sites]]\nroutes = [{ proxy = "http://shop" }]\n[upstreams.shop]\n${addressed(kirin)}\n`,
      );
      assert.equal((await ours.bodies(requests)).join(' '), (await bodiesOf(theirs, requests)).join(' '));
      await theirs.stop();
      await ours.stop();
      for (const server of down) await server.start();
    });
  }
});

async function bodiesOf({ port }: Nginx, count: number): Promise<string[]> {
  const bodies: string[] = [];
  while (bodies.length < count) bodies.push(await get(port));
  return bodies;
}

function get(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    request({ host: '127.0.0.1', port, agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => {
        body += text;
      });
      response.on('end', () => resolve(body));
    })
      .on('error', reject)
      .end();
  });
}
