import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { after, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { CertificateFolder, opensslIsMissing } from '../support/certificates.ts';
import { testPython } from '../support/project.ts';
import { RawConnection } from '../support/raw-connection.ts';
import { useKirin } from '../support/shared-kirin.ts';
import { waitFor } from '../support/wait-for.ts';

const run = promisify(execFile);

const PYTHON_CLIENT = `
import http.client, json, ssl, sys
context = ssl.create_default_context(cafile=sys.argv[2])
connection = http.client.HTTPSConnection("localhost", int(sys.argv[1]), context=context)
answers = []
for _ in range(2):
    connection.request("POST", "/", b"x" * 100_000)
    response = connection.getresponse()
    environ = json.loads(response.read())
    answers.append([response.status, environ["wsgi.url_scheme"], environ["CONTENT_LENGTH"], environ["SSL_PROTOCOL"]])
print(json.dumps(answers))
`;

describe('with a certificate', { skip: opensslIsMissing }, () => {
  const folder = new CertificateFolder();
  const server = folder.certificate('server');
  const tls = { ca: folder.read(server.cert), servername: 'localhost' };
  after(() => folder.remove());

  describe('kirin', () => {
    const kirin = useKirin({
      app: 'environ_dump:app',
      args: [
        ...['--certfile', server.cert, '--keyfile', server.key, '--health-path', '/-/health'],
        ...['--access-logfile', '-', '--access-logformat', '%(U)s %({HTTPS}e)s %({SSL_PROTOCOL}e)s'],
      ],
    });
    const open = () => RawConnection.open({ port: kirin().port, tls });

    it('says that it speaks HTTPS', () => {
      assert.match(kirin().log(), /Listening at: https:\/\/127\.0\.0\.1:\d+ \(\d+\)/);
    });

    it('tells the application', async () => {
      const client = await open();
      client.send('GET /page HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n\r\n');
      const environ = JSON.parse((await client.readResponse()).body.toString());
      const { HTTPS, SSL_PROTOCOL, SSL_CIPHER, SSL_TLS_SNI, REMOTE_ADDR, SERVER_PROTOCOL } = environ;
      assert.deepEqual(
        { HTTPS, SSL_PROTOCOL, SSL_TLS_SNI, REMOTE_ADDR, SERVER_PROTOCOL },
        {
          HTTPS: 'on',
          SSL_PROTOCOL: 'TLSv1.3',
          SSL_TLS_SNI: 'localhost',
          REMOTE_ADDR: '127.0.0.1',
          SERVER_PROTOCOL: 'HTTP/1.1',
        },
      );
      assert.match(SSL_CIPHER, /^TLS_AES_/);
      assert.equal(environ['wsgi.url_scheme'], 'https');
      assert.equal('SSL_CLIENT_VERIFY' in environ, false);
      assert.equal((await client.readToEnd()).length, 0);
      await waitFor(() => /^\/page on TLSv1\.3$/m.test(kirin().stdout()), {
        details: () => kirin().stdout(),
      });
    });

    it('believes a trusted proxy about the scheme all the same', async () => {
      const client = await open();
      client.send('GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-Proto: http\r\nConnection: close\r\n\r\n');
      const environ = JSON.parse((await client.readResponse()).body.toString());
      assert.equal(environ['wsgi.url_scheme'], 'http');
    });

    it('answers on the health path', async () => {
      const client = await open();
      client.send('GET /-/health/ready HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
      assert.equal((await client.readResponse()).body.toString(), 'ready\n');
    });

    it('answers Python’s client, and takes its bodies', async () => {
      const { stdout } = await run(testPython, ['-c', PYTHON_CLIENT, `${kirin().port}`, server.cert]);
      assert.deepEqual(JSON.parse(stdout), Array(2).fill([200, 'https', '100000', 'TLSv1.3']));
    });

    it('takes a session up again', async () => {
      const first = await open();
      let session: Buffer | undefined;
      first.secured.on('session', (made) => {
        session = made;
      });
      first.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
      await first.readResponse();
      assert.ok(session, 'a ticket comes before the response');
      const second = await RawConnection.open({ port: kirin().port, tls: { ...tls, session } });
      assert.equal(second.secured.isSessionReused(), true);
      second.send('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
      assert.equal((await second.readResponse()).status, 200);
      first.destroy();
    });

    it('refuses the versions of TLS that are not safe any more', async () => {
      await assert.rejects(
        RawConnection.open({
          port: kirin().port,
          tls: { ...tls, maxVersion: 'TLSv1.1', minVersion: 'TLSv1', ciphers: 'DEFAULT@SECLEVEL=0' },
        }),
      );
    });

    it('tells a client that speaks plain HTTP', async () => {
      const response = await fetch(kirin().url.replace('https', 'http'));
      assert.equal(response.status, 400);
      assert.match(await response.text(), /Plain HTTP was sent to a port that speaks HTTPS/);
    });
  });

  describe('large bodies', () => {
    const kirin = useKirin({
      app: 'responses:app',
      args: ['--certfile', server.cert, '--keyfile', server.key, '--workers', '2'],
    });

    it('reach slow clients whole', async () => {
      const MEGABYTES = 24;
      const client = await RawConnection.open({ port: kirin().port, tls });
      client.pause();
      client.send(`GET /zeros?size=${MEGABYTES * 2 ** 20} HTTP/1.1\r\nHost: a\r\n\r\n`);
      // Others are served meanwhile: the response waits on disk, and not in a worker.
      for (let count = 0; count < 10; count++) {
        const other = await RawConnection.open({ port: kirin().port, tls });
        other.send('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
        assert.equal((await other.readResponse()).status, 200);
      }
      client.resume();
      const { body } = await client.readResponse({ timeoutMs: 60_000 });
      assert.equal(body.length, MEGABYTES * 2 ** 20);
      client.destroy();
    });
  });

  describe('connections that send nothing', () => {
    const kirin = useKirin({
      app: 'responses:app',
      args: ['--certfile', server.cert, '--keyfile', server.key, '--header-timeout', '2'],
    });

    it('keep nobody from being served, and are closed in time', async () => {
      const { port } = kirin();
      const silent = await Promise.all(Array.from({ length: 300 }, () => RawConnection.open({ port })));
      // The first bytes of a handshake, and no more.
      for (const client of silent.slice(150)) client.send(Buffer.from('1603010200010001fc0303', 'hex'));
      for (let count = 0; count < 5; count++) {
        const client = await RawConnection.open({ port, tls });
        client.send('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
        assert.equal((await client.readResponse()).status, 200);
      }
      for (const client of silent) {
        await client.readToEnd();
        client.destroy();
      }
      const failures = kirin()
        .log()
        .match(/TLS handshake with ip=127\.0\.0\.1 failed/g);
      assert.equal(failures?.length, 1);
    });
  });

  describe('uploads', () => {
    const kirin = useKirin({
      app: 'echo:app',
      args: ['--certfile', server.cert, '--keyfile', server.key, '--ciphers', 'ECDHE+CHACHA20'],
    });

    it('reach the application whole', async () => {
      const body = Buffer.alloc(8_000_000, 'kirin');
      const client = await RawConnection.open({ port: kirin().port, tls });
      client.send(`POST /summary HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n`);
      await client.sendAll(body);
      const text = (await client.readResponse()).body.toString();
      assert.ok(text.includes(createHash('sha256').update(body).digest('hex')), text);
      client.destroy();
    });

    it('use the ciphers that were given, and TLS 1.3 as well', async () => {
      const old = await RawConnection.open({ port: kirin().port, tls: { ...tls, maxVersion: 'TLSv1.2' } });
      assert.equal(old.secured.getCipher().name, 'ECDHE-ECDSA-CHACHA20-POLY1305');
      const current = await RawConnection.open({ port: kirin().port, tls });
      assert.equal(current.secured.getProtocol(), 'TLSv1.3');
      old.destroy();
      current.destroy();
    });
  });
});
