import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import type { ConnectionOptions } from 'node:tls';
import { CertificateFolder, opensslIsMissing } from '../support/certificates.ts';
import { runKirin, startKirin, withKirin } from '../support/kirin.ts';
import { listeningPorts } from '../support/listening-ports.ts';
import { isAlive, signalIfAlive } from '../support/processes.ts';
import { RawConnection } from '../support/raw-connection.ts';
import { waitFor } from '../support/wait-for.ts';

const REQUEST = 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';

describe('addresses with a scheme', { skip: opensslIsMissing }, () => {
  const folder = new CertificateFolder();
  const { cert, key } = folder.certificate('server');
  const secured: ConnectionOptions = { ca: folder.read(cert), servername: 'localhost' };
  const pair = ['--certfile', cert, '--keyfile', key];
  after(() => folder.remove());

  async function schemeSeen(port: number, tls?: ConnectionOptions): Promise<string> {
    const client = await RawConnection.open({
      port,
      ...(tls === undefined ? {} : { tls }),
    });
    client.send(REQUEST);
    const environ = JSON.parse((await client.readResponse()).body.toString());
    await client.readToEnd();
    return environ['wsgi.url_scheme'];
  }

  it('speak plain HTTP beside HTTPS, also after HUP', async () => {
    const bind = ['http://127.0.0.1:0', 'https://127.0.0.1:0'];
    await withKirin({ app: 'environ_dump:app', bind, args: pair }, async (kirin) => {
      const { http, https } = listeningPorts(kirin);
      assert.equal(await schemeSeen(http), 'http');
      assert.equal(await schemeSeen(https, secured), 'https');
      kirin.signal('SIGHUP');
      await kirin.waitForLog(/Ready: 1 worker, generation 2/);
      assert.equal(await schemeSeen(http), 'http');
      assert.equal(await schemeSeen(https, secured), 'https');
      const confused = await RawConnection.open({ port: https });
      confused.send(REQUEST);
      assert.equal((await confused.readResponse()).status, 400);
      await confused.readToEnd();
    });
  });

  it('speak the same after USR2, with the new Kirin alone', async () => {
    const bind = ['http://127.0.0.1:0', 'https://127.0.0.1:0'];
    const kirin = await startKirin({ app: 'environ_dump:app', bind, args: pair });
    try {
      const { http, https } = listeningPorts(kirin);
      kirin.signal('SIGUSR2');
      const served = await kirin.waitForLog(/The new Kirin \(pid:(\d+)\) serves/, { timeoutMs: 30_000 });
      const successor = Number(served[1]);
      kirin.signal('SIGTERM');
      await kirin.ended();
      for (let count = 0; count < 5; count += 1) {
        assert.equal(await schemeSeen(http), 'http');
        assert.equal(await schemeSeen(https, secured), 'https');
      }
      signalIfAlive(successor, 'SIGTERM');
      await waitFor(() => !isAlive(successor), {
        what: 'the end of the new Kirin',
        details: () => kirin.log(),
      });
    } finally {
      kirin.discard();
    }
  });

  it('may be unix sockets', async () => {
    const sockets = new CertificateFolder();
    const plain = join(sockets.path, 'plain');
    const encrypted = join(sockets.path, 'encrypted');
    const bind = [`http://unix:${plain}`, `unix:${encrypted}`];
    await withKirin({ app: 'environ_dump:app', bind, args: pair }, async () => {
      const client = await RawConnection.open({ path: plain });
      client.send(REQUEST);
      assert.equal((await client.readResponse()).status, 200);
      await client.readToEnd();
      assert.equal(await schemeSeen(0, { ...secured, socket: connect(encrypted) }), 'https');
    });
    sockets.remove();
  });

  it('that ask for HTTPS need a certificate', async () => {
    const { code, log } = await runKirin({ app: 'environ_dump:app', bind: ['https://127.0.0.1:0'] });
    assert.equal(code, 1);
    assert.match(
      log,
      /https:\/\/127\.0\.0\.1:0 is to speak HTTPS, and there is no certificate: give certfile/,
    );
  });

  it('that all speak plain HTTP leave a certificate unused, which is told', async () => {
    const bind = ['http://127.0.0.1:0'];
    await withKirin({ app: 'environ_dump:app', bind, args: pair }, async (kirin) => {
      assert.match(
        kirin.log(),
        /no address speaks HTTPS \(https:\/\/…\), so that the certificate is not used/,
      );
      assert.equal(await schemeSeen(kirin.port), 'http');
    });
  });
});
