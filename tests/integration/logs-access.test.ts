import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { HeldRequest, queueLength } from '../support/held-request.ts';
import { withKirin } from '../support/kirin.ts';
import { RawConnection } from '../support/raw-connection.ts';
import { makeTemporaryFolder, removeFolder } from '../support/temporary-folder.ts';
import { waitFor } from '../support/wait-for.ts';

const ATOMS = ['h', 'l', 'u', 't', 'r', 'm', 'U', 'q', 'H', 's', 'B', 'b', 'f', 'a', 'T', 'M', 'D', 'L', 'p'];
const VARIABLES = ['{x-id}i', '{content-type}o', '{REQUEST_METHOD}e', '{request_method}e', '{x-none}i'];

describe('the access log', () => {
  const folder = makeTemporaryFolder();
  after(() => removeFolder(folder));

  it("has all of Gunicorn's atoms", async () => {
    const format = [...ATOMS, ...VARIABLES].map((atom) => `${atom}=%(${atom})s`).join('|');
    const args = ['--access-logfile', '-', '--access-logformat', format];
    await withKirin({ app: 'dangerous:app', args }, async (kirin) => {
      const client = await RawConnection.open({ port: kirin.port });
      client.send(
        'GET /sleep?seconds=0.1 HTTP/1.1\r\nHost: a\r\nReferer: http://from/\r\nUser-Agent: test "1"\r\n' +
          `Authorization: Basic ${Buffer.from('ada:secret').toString('base64')}\r\nX-Id: 7\r\n\r\n`,
      );
      await client.readResponse();
      client.destroy();
      const line = await waitFor(() => /^(h=.*)\n/.exec(kirin.stdout())?.[1]);
      const values = Object.fromEntries(line.split('|').map((part) => part.split(/=(.*)/s, 2)));
      const { t, T, M, D, L, ...exact } = values;
      assert.deepEqual(exact, {
        h: '127.0.0.1',
        l: '-',
        u: 'ada',
        r: 'GET /sleep?seconds=0.1 HTTP/1.1',
        m: 'GET',
        U: '/sleep',
        q: 'seconds=0.1',
        H: 'HTTP/1.1',
        s: '200',
        B: '6',
        b: '6',
        f: 'http://from/',
        a: 'test \\"1\\"',
        p: `<${kirin.workerPids()[0]}>`,
        '{x-id}i': '7',
        '{content-type}o': 'text/plain; charset=utf-8',
        '{REQUEST_METHOD}e': 'GET',
        '{request_method}e': 'GET',
        '{x-none}i': '-',
      });
      assert.match(t ?? '', /^\[\d\d\/[A-Z][a-z]{2}\/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}\]$/);
      const durationUs = Number(D);
      assert.ok(durationUs >= 100_000 && durationUs < 15_000_000, line);
      assert.equal(Number(T), Math.floor(durationUs / 1e6));
      assert.equal(Number(M), Math.floor(durationUs / 1000));
      assert.equal(Number(L), durationUs / 1e6);
    });
  });

  it('tells how long a request waited for a worker, and how long that took', async () => {
    const format = 'path=%(U)s?%(q)s total=%(D)s queued=%(Q)s service=%(S)s';
    const args = ['--access-logfile', '-', '--access-logformat', format, '--health-path', '/health'];
    await withKirin({ app: 'dangerous:app', args }, async (kirin) => {
      const times = async (path: string) => {
        const line = await waitFor(() =>
          kirin
            .stdout()
            .split('\n')
            .find((each) => each.startsWith(`path=${path} `)),
        );
        const [, total, queued, service] = / total=(\S+) queued=(\S+) service=(\S+)$/.exec(line) ?? [];
        return { total: Number(total), queued: Number(queued), service: Number(service) };
      };
      const running = await HeldRequest.send(kirin, folder);
      await running.started();
      const waiting = await HeldRequest.send(kirin, folder);
      await waitFor(async () => (await queueLength(kirin)) === 1, { what: 'a request that waits' });
      const since = performance.now();
      await waitFor(() => performance.now() - since > 200);
      for (const request of [running, waiting]) {
        request.letGo();
        await request.answer();
        request.connection.destroy();
      }
      const [first, second] = [await times(running.target), await times(waiting.target)];
      const facts = JSON.stringify([first, second]);
      assert.ok(second.queued >= 200_000 && first.service >= 200_000, facts);
      // It was given to the worker at once.
      assert.ok(first.queued < second.queued, facts);
      for (const { total, queued, service } of [first, second]) assert.ok(total >= queued + service, facts);
      await fetch(`${kirin.url}/health/live`);
      const line = await waitFor(() => /^path=\/health\/live.*$/m.exec(kirin.stdout())?.[0]);
      assert.match(line, / queued=- service=-$/);
    });
  });

  it('has the path decoded, and 0 for a response without a body', async () => {
    const args = ['--access-logfile', '-', '--access-logformat', '%(m)s %(U)s %(b)s %(B)s'];
    await withKirin({ app: 'dangerous:app', args }, async (kirin) => {
      await fetch(`${kirin.url}/a%20b/%C3%A9?q=%20`, { method: 'HEAD' });
      await waitFor(() => kirin.stdout() === 'HEAD /a b/\\xC3\\xA9 0 0\n');
    });
  });

  it('is off by default', async () => {
    await withKirin({ app: 'dangerous:app' }, async (kirin) => {
      assert.equal((await fetch(kirin.url)).status, 200);
      assert.equal(kirin.stdout(), '');
      assert.doesNotMatch(kirin.log(), /GET \//);
    });
  });

  it("has the common log format's line for each response, those that the edge gives included", async () => {
    const args = ['--access-logfile', '-', '--health-path', '/health'];
    await withKirin({ app: 'dangerous:app', args }, async (kirin) => {
      await fetch(`${kirin.url}/health/live`, { headers: { 'User-Agent': 'probe' } });
      await fetch(`${kirin.url}/exit`, { headers: { 'User-Agent': 'victim' } });
      const line = (path: string, rest: string) =>
        new RegExp(`^127\\.0\\.0\\.1 - - \\[.*\\] "GET ${path} HTTP/1\\.1" ${rest}$`, 'm');
      await waitFor(() => line('/health/live', '200 5 "-" "probe"').test(kirin.stdout()));
      await waitFor(() => line('/exit', '502 \\d+ "-" "victim"').test(kirin.stdout()));
    });
  });
});
