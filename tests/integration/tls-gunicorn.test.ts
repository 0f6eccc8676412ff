// The same certificate and the same requests, under the real Gunicorn and under Kirin.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { ConnectionOptions } from 'node:tls';
import { CertificateFolder, opensslIsMissing } from '../support/certificates.ts';
import { fixture, testPython, testVenv } from '../support/project.ts';
import { RawConnection } from '../support/raw-connection.ts';
import { useKirin } from '../support/shared-kirin.ts';
import { waitFor } from '../support/wait-for.ts';

const hasGunicorn = existsSync(join(testVenv, 'bin', 'gunicorn'));
const skip = opensslIsMissing || (!hasGunicorn && 'Gunicorn is not in the virtual environment of the tests');

/** Only one of them has these, or they differ from run to run. */
const OWN =
  /^(?:gunicorn\.|kirin\.|wsgi\.(?:input|errors|file_wrapper)|HTTPS$|SSL_|REMOTE_PORT$|SERVER_(?:PORT|SOFTWARE)$|wsgi\.multi)/;

describe('TLS as under Gunicorn', { skip }, () => {
  const folder = new CertificateFolder();
  const authority = folder.authority('authority');
  const server = folder.certificate('server', { by: authority });
  const anna = folder.certificate('anna', { by: authority });
  const stranger = folder.certificate('stranger');
  const settings = [
    ...['--certfile', server.cert, '--keyfile', server.key],
    ...['--ca-certs', authority.cert, '--cert-reqs', '1', '--ciphers', 'ECDHE+AESGCM'],
  ];
  const kirin = useKirin({ app: 'environ_dump:app', args: settings });
  let gunicorn: ChildProcess;
  let gunicornPort = 0;

  before(async () => {
    const args = ['-m', 'gunicorn', '-b', '127.0.0.1:0', '-k', 'gthread', '--no-control-socket', ...settings];
    gunicorn = spawn(testPython, [...args, 'environ_dump:app'], {
      cwd: fixture('apps'),
      env: { ...process.env, GUNICORN_CMD_ARGS: '', PYTHONDONTWRITEBYTECODE: '1' },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let log = '';
    gunicorn.stderr?.setEncoding('utf8').on('data', (text: string) => {
      log += text;
    });
    const line = await waitFor(() => /Listening at: https:\/\/127\.0\.0\.1:(\d+)/.exec(log), {
      what: 'Gunicorn',
      timeoutMs: 30_000,
      details: () => log,
    });
    gunicornPort = Number(line[1]);
  });
  after(async () => {
    const ended = once(gunicorn, 'exit');
    gunicorn.kill('SIGTERM');
    await ended;
    folder.remove();
  });

  const usual = { ca: folder.read(authority.cert), servername: 'localhost' };
  const of = ({ cert, key }: typeof anna) => ({ cert: folder.read(cert), key: folder.read(key) });

  /** What the application sees, or that it is not reached. */
  async function seen(port: number, head: string, tls: ConnectionOptions = {}): Promise<unknown> {
    let client: RawConnection;
    try {
      client = await RawConnection.open({ port, tls: { ...usual, ...tls } });
    } catch {
      return 'refused';
    }
    try {
      client.send(`${head}\r\nConnection: close\r\n\r\n`);
      const response = await client.readResponse();
      const environ = JSON.parse(response.body.toString()) as Record<string, unknown>;
      const common = Object.entries(environ).filter(([name]) => !OWN.test(name));
      return { status: response.status, environ: Object.fromEntries(common) };
    } catch {
      return 'refused';
    } finally {
      client.destroy();
    }
  }

  const cases: readonly (readonly [string, string, ConnectionOptions?])[] = [
    ['a request', 'GET /a%20page?q=1 HTTP/1.1\r\nHost: shop.example:8443'],
    ['TLS 1.2', 'GET / HTTP/1.1\r\nHost: a', { maxVersion: 'TLSv1.2' }],
    ['TLS 1.1', 'GET / HTTP/1.1\r\nHost: a', { minVersion: 'TLSv1', maxVersion: 'TLSv1.1' }],
    [
      'a cipher that is not listed',
      'GET / HTTP/1.1\r\nHost: a',
      {
        maxVersion: 'TLSv1.2',
        ciphers: 'ECDHE-ECDSA-CHACHA20-POLY1305',
      },
    ],
    ['a proxy that says http', 'GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-Proto: http'],
    ['a client’s certificate', 'GET / HTTP/1.1\r\nHost: a', of(anna)],
    ['a client’s certificate that nobody knows', 'GET / HTTP/1.1\r\nHost: a', of(stranger)],
    ['HTTP/1.0 by ALPN http/1.1', 'GET / HTTP/1.0\r\nHost: a', { ALPNProtocols: ['http/1.1'] }],
  ];

  for (const [what, head, tls] of cases) {
    it(`${what} comes to the same`, async () => {
      const theirs = await seen(gunicornPort, head, tls);
      assert.deepEqual(await seen(kirin().port, head, tls), theirs);
      const isRefused = /^TLS 1\.1|not listed|nobody knows/.test(what);
      assert.equal(theirs === 'refused', isRefused);
    });
  }
});
