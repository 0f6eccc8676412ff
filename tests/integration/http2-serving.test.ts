import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import type { ClientHttp2Session } from 'node:http2';
import { after, afterEach, describe, it } from 'node:test';
import { CertificateFolder, opensslIsMissing } from '../support/certificates.ts';
import { answerOf, openHttp2, request } from '../support/http2-client.ts';
import { type KirinOptions, type KirinProcess, withKirin } from '../support/kirin.ts';
import { useKirin } from '../support/shared-kirin.ts';
import { waitFor } from '../support/wait-for.ts';

const curl = spawnSync('curl', ['--version'], { encoding: 'utf8' });
const curlIsMissing = !/\bHTTP2\b/.test(curl.stdout ?? '') && 'there is no curl that speaks HTTP/2';

describe('with --http-protocols h2,h1', { skip: opensslIsMissing }, () => {
  const folder = new CertificateFolder();
  const server = folder.certificate('server');
  const TLS = ['--certfile', server.cert, '--keyfile', server.key, '--http-protocols', 'h2,h1'];
  const ca = folder.read(server.cert);
  let sessions: ClientHttp2Session[] = [];

  const open = ({ port }: KirinProcess) => {
    const session = openHttp2(port, { ca });
    sessions.push(session);
    return session;
  };
  afterEach(() => {
    for (const session of sessions) session.destroy();
    sessions = [];
  });
  after(() => folder.remove());

  const withHttp2 = (options: KirinOptions, use: (kirin: KirinProcess) => Promise<void>) =>
    withKirin({ ...options, args: [...TLS, ...(options.args ?? [])] }, use);

  describe('the application', () => {
    const kirin = useKirin({
      app: 'environ_dump:app',
      args: [
        ...TLS,
        '--access-logfile',
        '-',
        '--health-path',
        '/-/health',
        '--forwarded-allow-ips',
        '127.0.0.1',
      ],
    });

    it('sees the same as with HTTP/1, and which version it is', async () => {
      const fields = {
        ':path': '/a%20b?c=d',
        'x-forwarded-for': '192.0.2.1',
        x_real_ip: 'no',
        cookie: 'a=1',
      };
      const { status, body } = await answerOf(request(open(kirin()), fields));
      assert.equal(status, 200);
      const environ = JSON.parse(body.toString());
      const http1 = await new Promise<Record<string, unknown>>((resolve, reject) => {
        const { ':path': path, ...headers } = fields;
        import('node:https').then(({ get }) => {
          const port = kirin().port;
          const options = { ca, servername: 'localhost', headers: { ...headers, host: `localhost:${port}` } };
          get(`https://127.0.0.1:${port}${path}`, options, (response) => {
            let text = '';
            response.setEncoding('utf8').on('data', (part: string) => {
              text += part;
            });
            response.on('end', () => resolve(JSON.parse(text)));
          }).on('error', reject);
        }, reject);
      });
      assert.equal(environ.SERVER_PROTOCOL, 'HTTP/2.0');
      const { REMOTE_PORT: _, SERVER_PROTOCOL: __, HTTP_CONNECTION: ___, ...same } = http1;
      const { REMOTE_PORT: ____, SERVER_PROTOCOL: _____, ...ours } = environ;
      assert.deepEqual(ours, same);
      await waitFor(() => /"GET \/a%20b\?c=d HTTP\/2\.0" 200 /.test(kirin().stdout()));
    });

    it('is not asked about the health path', async () => {
      const { body } = await answerOf(request(open(kirin()), { ':path': '/-/health/ready' }));
      assert.equal(body.toString(), 'ready\n');
    });

    it('answers curl, also to a body', { skip: curlIsMissing }, () => {
      const args = ['-sS', '--http2', '--cacert', server.cert, '-w', '\n%{http_version} %{http_code}'];
      const out = execFileSync('curl', [...args, '-d', 'a=b', `https://localhost:${kirin().port}/`], {
        encoding: 'utf8',
        timeout: 20_000,
      });
      assert.match(out, /"CONTENT_LENGTH": "3"/);
      assert.match(out, /\n2 200$/);
    });
  });

  describe('bodies', () => {
    const kirin = useKirin({ app: 'responses:app', args: [...TLS, '--workers', '2'] });

    it('of many megabytes reach slow clients whole, beside others', async () => {
      const BYTES = 12 * 2 ** 20;
      const session = open(kirin());
      const slow = request(session, { ':path': `/zeros?size=${BYTES}` });
      await once(slow, 'response');
      for (let count = 0; count < 5; count++) {
        assert.equal((await answerOf(request(session, { ':path': '/' }))).status, 200);
      }
      let bytes = 0;
      slow.on('data', (part: Buffer) => {
        bytes += part.length;
      });
      await once(slow, 'close');
      assert.equal(bytes, BYTES);
    });

    it('without a length come whole, or as a reset', async () => {
      const session = open(kirin());
      const { body } = await answerOf(request(session, { ':path': '/zeros?size=300000&length=no' }));
      assert.equal(body.length, 300_000);
      await assert.rejects(answerOf(request(session, { ':path': '/failed-midway' })));
    });

    for (const [path, status, text] of [
      ['/generator', 200, 'one two three'],
      ['/no-content', 204, ''],
      ['/not-modified', 304, ''],
      ['/asks-to-close', 200, 'goodbye'],
      ['/own-framing', 200, 'own fields'],
    ] as const) {
      it(`${path} is answered with ${status}`, async () => {
        const answer = await answerOf(request(open(kirin()), { ':path': path }));
        assert.deepEqual([answer.status, answer.body.toString()], [status, text]);
      });
    }
  });

  it('uploads reach the application whole, many at once', async () => {
    await withHttp2({ app: 'echo:app', args: ['--workers', '2'] }, async (kirin) => {
      const session = open(kirin);
      const uploads = [...Array(8).keys()].map(async (index) => {
        const body = Buffer.alloc(1_000_000 + index, `${index}`);
        const answer = await answerOf(request(session, { ':method': 'POST', ':path': '/summary' }, body));
        const { sha256 } = JSON.parse(answer.body.toString());
        assert.equal(sha256, createHash('sha256').update(body).digest('hex'));
      });
      await Promise.all(uploads);
    });
  });

  it('requests of one connection run on all lanes at once', async () => {
    await withHttp2({ app: 'dangerous:app', args: ['-w', '2', '--threads', '2'] }, async (kirin) => {
      const session = open(kirin);
      const paths = [1, 2, 3, 4].map((count) => folder.file(`lane-${count}`));
      const answers = paths.map((path) =>
        answerOf(request(session, { ':path': `/wait-for-file?path=${path}` })),
      );
      await waitFor(() => paths.every((path) => existsSync(`${path}.started`)));
      for (const path of paths) writeFileSync(path, '');
      for (const { status } of await Promise.all(answers)) assert.equal(status, 200);
    });
  });

  it('a request that is reset is not started for nobody', async () => {
    await withHttp2({ app: 'dangerous:app' }, async (kirin) => {
      const session = open(kirin);
      const [first, second] = [folder.file('reset-1'), folder.file('reset-2')] as const;
      const running = answerOf(request(session, { ':path': `/wait-for-file?path=${first}` }));
      await waitFor(() => existsSync(`${first}.started`));
      const given = request(session, { ':path': `/wait-for-file?path=${second}` });
      // It is there once the one behind it has been answered by the edge itself.
      assert.equal((await answerOf(request(session, { ':path': '/a%00b' }))).status, 400);
      given.close(8);
      assert.equal((await answerOf(request(session, { ':path': '/a%00b' }))).status, 400);
      writeFileSync(first, '');
      assert.equal((await running).status, 200);
      assert.equal((await answerOf(request(session, { ':path': '/' }))).status, 200);
      assert.equal(existsSync(`${second}.started`), false);
    });
  });

  it('a deadline is answered with 504, and a full queue with 503', async () => {
    const args = ['--timeout', '1', '--queue-limit', '1'];
    await withHttp2({ app: 'dangerous:app', args }, async (kirin) => {
      const session = open(kirin);
      const running = answerOf(request(session, { ':path': '/sleep?seconds=30' }));
      await waitFor(async () => {
        const answers = [1, 2].map(() => request(session, { ':path': '/sleep?seconds=0' }));
        const statuses = await Promise.all(
          answers.map((stream) => answerOf(stream).then(({ status }) => status)),
        );
        return statuses.includes(503);
      });
      assert.equal((await running).status, 504);
    });
  });

  for (const signal of ['SIGTERM', 'SIGHUP'] as const) {
    it(`nothing is lost on ${signal}`, async () => {
      await withHttp2({ app: 'dangerous:app', args: ['-w', '2', '--threads', '4'] }, async (kirin) => {
        const session = open(kirin);
        const path = folder.file(`go-${signal}`);
        const held = [...Array(20).keys()].map((count) =>
          answerOf(request(session, { ':path': `/wait-for-file?path=${path}&${count}` })),
        );
        await waitFor(() => existsSync(`${path}.started`));
        assert.equal((await answerOf(request(session, { ':path': '/a%00b' }))).status, 400);
        const goaway = once(session, 'goaway');
        kirin.signal(signal);
        if (signal === 'SIGTERM') await goaway;
        else await kirin.waitForLog(/Ready: 2 workers, generation 2/);
        writeFileSync(path, '');
        for (const { status } of await Promise.all(held)) assert.equal(status, 200);
        if (signal === 'SIGTERM') await kirin.ended();
        else assert.equal((await answerOf(request(session, { ':path': '/' }))).status, 200);
      });
    });
  }
});
