import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { upstreamOf } from '../../../../src/protocol/supervision/upstream.ts';
import { LiveUpstream } from '../../../../src/upstreams/live-upstream.ts';
import { waitFor } from '../../../support/wait-for.ts';

async function server() {
  const state = { status: 200, asked: 0 };
  const http = createServer((_, response) => {
    state.asked += 1;
    response.writeHead(state.status).end();
  }).listen(0, '127.0.0.1');
  await once(http, 'listening');
  const { port } = http.address() as AddressInfo;
  return Object.assign(state, { port, close: () => http.close() });
}

test('a server gets nothing while its health check fails, is told of once, and is asked no more in the end', async () => {
  const [one, other] = [await server(), await server()];
  const lines: string[] = [];
  const add = (line: string) => lines.push(line);
  const base = upstreamOf({ kind: 'tcp', host: '127.0.0.1', port: one.port }, []);
  const health = {
    path: '/health',
    host: null,
    port: null,
    everyMs: 10,
    timeoutMs: 5000,
    statuses: [[200, 399]],
    tls: null,
    rises: 2,
    falls: 2,
  } as const;
  const servers = [one, other].flatMap(({ port }) =>
    base.servers.map((each) => ({ ...each, address: { kind: 'tcp', host: '127.0.0.1', port } as const })),
  );
  const upstream = new LiveUpstream(
    { ...base, name: 'shop', servers, health },
    { debug: add, info: add, warning: add },
  );
  try {
    const portsChosen = () => {
      const chosen = Array.from({ length: 10 }, () => upstream.choose(null, []));
      for (const endpoint of chosen) if (endpoint !== null) upstream.ended(endpoint, 'ok');
      return new Set(chosen.map((endpoint) => Number(endpoint?.label.split(':')[1])));
    };
    await waitFor(() => one.asked > 2 && other.asked > 2, { what: 'checks' });
    assert.deepEqual(portsChosen(), new Set([one.port, other.port]));
    one.status = 503;
    await waitFor(() => lines.length === 1, { what: 'the warning' });
    assert.deepEqual(portsChosen(), new Set([other.port]));
    assert.deepEqual(
      upstream.facts().map(({ state }) => state),
      ['sick', 'up'],
    );
    one.status = 200;
    await waitFor(() => lines.length === 2, { what: 'the recovery' });
    assert.deepEqual(portsChosen(), new Set([one.port, other.port]));
    const address = `127.0.0.1:${one.port}`;
    assert.deepEqual(lines, [
      `Upstream shop: ${address} gets nothing until GET /health is answered well: it answered 503`,
      `Upstream shop: ${address} answers GET /health well again`,
    ]);
  } finally {
    upstream.stop();
  }
  const askedBefore = one.asked;
  const rest = new LiveUpstream(
    { ...base, servers: servers.slice(1), health },
    { debug: add, info: add, warning: add },
  );
  const soFar = other.asked;
  await waitFor(() => other.asked > soFar + 5, { what: 'checks of the other upstream' });
  rest.stop();
  // One may have been on its way.
  assert.ok(one.asked <= askedBefore + 1);
  one.close();
  other.close();
});
