import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { type AddressInfo, createServer as createNetServer } from 'node:net';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { UpstreamTls } from '../../../../src/protocol/supervision/proxy.ts';
import type { HealthCheckSpec } from '../../../../src/protocol/supervision/upstream.ts';
import { ask } from '../../../../src/upstreams/health/ask.ts';
import { secureBy } from '../../../../src/upstreams/secure.ts';
import type { EndpointAddress } from '../../../../src/upstreams/upstream.ts';
import { CertificateFolder, opensslIsMissing } from '../../../support/certificates.ts';
import { makeTemporaryFolder, removeFolder } from '../../../support/temporary-folder.ts';

const SPEC: HealthCheckSpec = {
  path: '/health?full=1',
  host: null,
  port: null,
  everyMs: 1000,
  timeoutMs: 10_000,
  statuses: [[200, 399]],
  tls: null,
  rises: 1,
  falls: 1,
};

async function withServer(listener: RequestListener, use: (address: EndpointAddress) => Promise<void>) {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    await use(addressOf(server));
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

function addressOf(server: { address: Server['address'] }): EndpointAddress {
  return { kind: 'tcp', host: '127.0.0.1', port: (server.address() as AddressInfo).port };
}

const findingOf = (address: EndpointAddress, spec: Partial<HealthCheckSpec> = {}) =>
  ask(address, 'app:8000', { ...SPEC, ...spec }).finding;

describe('a health check', () => {
  it('asks for the path, by the host that it was told, on a connection of its own', async () => {
    const asked: unknown[] = [];
    await withServer(
      ({ method, url, headers }, response) => {
        asked.push(method, url, headers.host, headers.connection);
        response.end('fine');
      },
      async (address) => assert.equal(await findingOf(address), null),
    );
    assert.deepEqual(asked, ['GET', '/health?full=1', 'app:8000', 'close']);
  });

  it('goes by the status alone', async () => {
    for (const [status, statuses, finding] of [
      [204, SPEC.statuses, null],
      [302, SPEC.statuses, null],
      [404, SPEC.statuses, 'it answered 404'],
      [503, SPEC.statuses, 'it answered 503'],
      [204, [[200, 200]], 'it answered 204'],
      [
        404,
        [
          [200, 200],
          [404, 404],
        ],
        null,
      ],
    ] as const) {
      await withServer(
        (_, response) => response.writeHead(status).end(),
        async (address) => assert.equal(await findingOf(address, { statuses }), finding, `${status}`),
      );
    }
  });

  it('does not wait for the end of a body', async () => {
    await withServer(
      (_, response) => {
        response.writeHead(200);
        response.write('a');
      },
      async (address) => assert.equal(await findingOf(address), null),
    );
  });

  it('takes silence for bad after its time', async () => {
    await withServer(
      () => {},
      async (address) =>
        assert.equal(await findingOf(address, { timeoutMs: 50 }), 'it did not answer within 0.05 s'),
    );
  });

  it('takes a server that speaks something else, hangs up or is not there for bad', async () => {
    for (const bytes of ['220 mail.example ESMTP\r\n', '']) {
      const server = createNetServer((socket) =>
        socket
          .on('error', () => {})
          .resume()
          .end(bytes),
      ).listen(0, '127.0.0.1');
      await once(server, 'listening');
      const address = addressOf(server);
      assert.notEqual(await findingOf(address), null);
      server.close();
      await once(server, 'close');
      assert.equal(await findingOf(address), 'ECONNREFUSED');
    }
  });

  it('asks on a unix socket, or on another port', async () => {
    const folder = makeTemporaryFolder();
    const path = join(folder, 'app.sock');
    const server = createServer((_, response) => response.end()).listen(path);
    await once(server, 'listening');
    assert.equal(await findingOf({ kind: 'unix', path }), null);
    server.close();
    removeFolder(folder);
    await withServer(
      (_, response) => response.end(),
      async (address) => {
        assert.ok(address.kind === 'tcp');
        assert.equal(await findingOf({ ...address, port: 1 }, { port: address.port }), null);
      },
    );
  });

  it('asks by TLS, and takes a certificate that is not believed for bad', {
    skip: opensslIsMissing,
  }, async () => {
    const certificates = new CertificateFolder();
    const authority = certificates.authority('authority');
    const { cert, key } = certificates.certificate('upstream', { by: authority });
    const server = createSecureServer({ cert: readFileSync(cert), key: readFileSync(key) }, (_, response) =>
      response.end(),
    ).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const usual = { verify: true, name: null, ca: null, certificate: null, key: null };
    const address = addressOf(server);
    const by = (tls: Partial<UpstreamTls>) =>
      ask(address, 'app', SPEC, secureBy({ ...usual, ...tls }, 'localhost')).finding;
    const ca = readFileSync(authority.cert, 'utf8');
    assert.equal(await by({ ca }), null);
    assert.equal(await by({ verify: false }), null);
    assert.notEqual(await by({}), null);
    assert.notEqual(await by({ ca, name: 'other.example' }), null);
    assert.notEqual(await findingOf(address), null);
    server.close();
    await once(server, 'close');
    assert.equal(await by({ ca }), 'ECONNREFUSED');
    certificates.remove();
  });

  it('ends at once when it is given up', async () => {
    await withServer(
      () => {},
      async (address) => {
        const check = ask(address, 'app', SPEC);
        check.cancel();
        assert.notEqual(await check.finding, null);
      },
    );
  });
});
