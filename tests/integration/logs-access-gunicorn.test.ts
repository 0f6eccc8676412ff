import assert from 'node:assert/strict';
import { readFileSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { Gunicorn, gunicornIsMissing } from '../support/gunicorn.ts';
import { withKirin } from '../support/kirin.ts';
import { RawConnection } from '../support/raw-connection.ts';
import { makeTemporaryFolder, removeFolder } from '../support/temporary-folder.ts';
import { waitFor } from '../support/wait-for.ts';

/** But for those that hold a time, a duration or a process id. */
const ATOMS = ['h', 'l', 'u', 'r', 'm', 'U', 'q', 'H', 's', 'B', 'b', 'f', 'a'];
const VARIABLES = [
  '{X-Id}i',
  '{user-agent}i',
  '{Content-Type}o',
  '{remote_addr}e',
  '{HTTP_HOST}e',
  '{none}i',
  '{none}o',
  '{none}e',
];
const FORMAT = `${[...ATOMS, ...VARIABLES, 'unknown'].map((atom) => `${atom}=%(${atom})s`).join('|')}|100%%|%(s)8s|%(m)-6s|%(a).3s|%(unknown)3s|end`;

const basic = (credentials: string) =>
  `Authorization: Basic ${Buffer.from(credentials).toString('base64')}\r\n`;

const REQUESTS: readonly (readonly [what: string, request: string])[] = [
  [
    'all that there can be',
    `GET /?a=b&c=%20d HTTP/1.1\r\nHost: a\r\nReferer: http://from/\r\nUser-Agent: "quoted"\r\nX-Id: 7\r\n${basic('ada:secret')}\r\n`,
  ],
  ['next to nothing', 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'],
  ['a body', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Type: text/plain\r\n\r\nhello'],
  ['a path with escapes', 'GET /a%20b/c%2Fd?q=%22 HTTP/1.1\r\nHost: a\r\n\r\n'],
  ['HEAD', 'HEAD / HTTP/1.1\r\nHost: a\r\n\r\n'],
  ['HTTP/1.0', 'GET / HTTP/1.0\r\n\r\n'],
  ['a user without a password', `GET / HTTP/1.1\r\nHost: a\r\n${basic('ada')}\r\n`],
  ['no user', `GET / HTTP/1.1\r\nHost: a\r\n${basic(':secret')}\r\n`],
  ['another scheme', 'GET / HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer abc\r\n\r\n'],
  ['a header that comes twice', 'GET / HTTP/1.1\r\nHost: a\r\nX-Id: 1\r\nX-Id: 2\r\n\r\n'],
];

async function send(port: number, request: string): Promise<void> {
  const client = await RawConnection.open({ port });
  client.send(request);
  await client.readResponse({ method: request.split(' ', 1)[0] ?? '' });
  client.destroy();
}

const ended = (text: string) => text.split('\n').filter((line) => line.endsWith('|end'));

describe('the access log', { skip: gunicornIsMissing }, () => {
  it('has for each atom what Gunicorn has', async () => {
    const args = ['--access-logfile', '-', '--access-logformat', FORMAT];
    const gunicorn = await Gunicorn.start([...args, 'dangerous:app']);
    const lines = async (port: number, stdout: () => string) => {
      for (const [index, [, request]] of REQUESTS.entries()) {
        await send(port, request);
        await waitFor(() => ended(stdout()).length > index, { details: stdout });
      }
      return Object.fromEntries(ended(stdout()).map((line, index) => [REQUESTS[index]?.[0], line]));
    };
    const expected = await lines(gunicorn.port, () => gunicorn.stdout()).finally(() => gunicorn.stop());
    await withKirin({ app: 'dangerous:app', args }, async (kirin) => {
      assert.deepEqual(await lines(kirin.port, () => kirin.stdout()), expected);
    });
  });
});

describe('log files', () => {
  const folder = makeTemporaryFolder();
  after(() => removeFolder(folder));

  it('that are copied and then emptied, as logrotate may do it, are written on from their beginning', async () => {
    const file = join(folder, 'access.log');
    await withKirin({ app: 'dangerous:app', args: ['--access-logfile', file] }, async (kirin) => {
      const logged = (path: string) => waitFor(() => readFileSync(file, 'latin1').includes(path));
      await (await fetch(`${kirin.url}/?before`)).text();
      await logged('/?before');
      truncateSync(file);
      await (await fetch(`${kirin.url}/?behind`)).text();
      await logged('/?behind');
      assert.match(readFileSync(file, 'latin1'), /^127\.0\.0\.1 /);
    });
  });
});
