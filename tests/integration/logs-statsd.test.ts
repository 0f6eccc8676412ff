import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { AppFolder } from '../support/app-folder.ts';
import { Gunicorn, gunicornIsMissing } from '../support/gunicorn.ts';
import { runKirin, withKirin } from '../support/kirin.ts';
import { SyslogServer } from '../support/syslog-server.ts';
import { makeTemporaryFolder, removeFolder } from '../support/temporary-folder.ts';
import { waitFor } from '../support/wait-for.ts';

const folder = makeTemporaryFolder();
after(() => removeFolder(folder));

/** StatsD's own form of the address. */
const hostOf = (server: SyslogServer) => server.address.replace('udp://', '');

const metricsOf = (server: SyslogServer): string[] =>
  server.messages.flatMap((datagram) => datagram.split('\n'));

const withMetric = (server: SyslogServer, pattern: RegExp) =>
  waitFor(() => metricsOf(server).find((metric) => pattern.test(metric)), {
    what: `${pattern} at StatsD`,
    details: () => metricsOf(server).join('\n'),
  });

/** Sums of what is counted, by name and form. */
function sums(server: SyslogServer): Record<string, number> {
  const result: Record<string, number> = {};
  for (const metric of metricsOf(server)) {
    const [, name, value, rest] = /^([^:]*):([^|]*)\|(.*)$/.exec(metric) ?? [];
    if (!rest?.startsWith('c')) continue;
    const key = `${name}|${rest}`;
    result[key] = (result[key] ?? 0) + Number(value);
  }
  return result;
}

/** Of all that are named so. */
const sumOf = (server: SyslogServer, name: RegExp): number =>
  Object.entries(sums(server)).reduce((total, [key, sum]) => total + (name.test(key) ? sum : 0), 0);

describe('StatsD', () => {
  for (const [number, [where, make, args]] of (
    [
      ['over UDP', () => SyslogServer.udp(), []],
      ['over UDP, with a prefix', () => SyslogServer.udp(), ['--statsd-prefix', 'shop.live..']],
      [
        'over UDP, with tags',
        () => SyslogServer.udp(),
        ['--statsd-prefix', 'x', '--dogstatsd-tags', 'env:live,app:shop'],
      ],
      [
        'over a unix socket',
        (name: string) => SyslogServer.unixDatagrams(join(folder, name)),
        ['--statsd-prefix', 'shop'],
      ],
    ] as [string, (name: string) => Promise<SyslogServer>, string[]][]
  ).entries()) {
    it(`gets the metrics that Gunicorn sends, ${where}`, { skip: gunicornIsMissing }, async () => {
      const requests = async (url: string) => {
        for (const path of ['/', '/', '/raises', '/', '/raises']) await (await fetch(url + path)).text();
      };
      const metrics = async (server: SyslogServer) => {
        // Each comes in a datagram of its own, and those of workers in no order with the others.
        for (const [name, times] of [
          [/gunicorn\.requests\|/, 5],
          [/gunicorn\.request\.status\./, 5],
          [/gunicorn\.log\.exception\|/, 2],
        ] as const) {
          await waitFor(() => sumOf(server, name) >= times, {
            what: `${times} of ${name}`,
            details: () => metricsOf(server).join('\n'),
          });
        }
        await withMetric(server, /workers/);
        const forms = metricsOf(server)
          .filter((metric) => !/\|c/.test(metric))
          .map((metric) => metric.replace(/duration:\d+\.\d+\|/, 'duration:TIME|'));
        return { sums: sums(server), forms: [...new Set(forms)].sort() };
      };
      const options = (server: SyslogServer) => ['--statsd-host', hostOf(server), ...args];
      const theirs = await make(`gunicorn-${number}`);
      const gunicorn = await Gunicorn.start([...options(theirs), 'wrong:app']);
      await requests(gunicorn.url);
      const expected = await metrics(theirs).finally(() => gunicorn.stop());
      await theirs.close();

      const ours = await make(`kirin-${number}`);
      await withKirin({ app: 'wrong:app', args: options(ours) }, async (kirin) => {
        await requests(kirin.url);
        assert.deepEqual(await metrics(ours), expected);
      });
      await ours.close();
    });
  }

  it('learns of workers that come and go', async () => {
    const statsd = await SyslogServer.udp();
    await withKirin({ app: 'dangerous:app', args: ['--statsd-host', hostOf(statsd)] }, async (kirin) => {
      await withMetric(statsd, /^gunicorn\.workers:1\|g$/);
      kirin.signal('SIGTTIN');
      await withMetric(statsd, /^gunicorn\.workers:2\|g$/);
      process.kill(kirin.workerPids()[0] ?? 0, 'SIGKILL');
      await withMetric(statsd, /^gunicorn\.log\.error:1\|c\|@1\.0$/);
    });
    await statsd.close();
  });

  it('learns what server hooks and the application tell, as Gunicorn has it told', async () => {
    const statsd = await SyslogServer.udp();
    const app = new AppFolder({
      'main.py': `
import logging
def app(environ, start_response):
    log = logging.getLogger("gunicorn.error")
    log.info("", extra={"metric": "shop.orders", "value": 2, "mtype": "counter"})
    log.info("a line, too", extra={"metric": "shop.load", "value": 0.5, "mtype": "gauge"})
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b""]
`,
      'gunicorn.conf.py': `
def post_fork(server, worker):
    worker.log.info("", extra={"metric": "shop.forks", "value": 7, "mtype": "histogram"})
    server.log.debug("", extra={"metric": "shop.boot", "value": 3, "mtype": "timer"})
`,
    });
    const args = ['--statsd-host', hostOf(statsd)];
    await withKirin({ app: 'main:app', args, cwd: app.path }, async (kirin) => {
      await (await fetch(kirin.url)).text();
      await withMetric(statsd, /^shop\.orders:2\|c\|@1\.0$/);
      await withMetric(statsd, /^shop\.load:0\.5\|g$/);
      await withMetric(statsd, /^shop\.forks:7\|h$/);
      await withMetric(statsd, /^shop\.boot:3\|ms$/);
      await kirin.waitForLog(/\[INFO\] a line, too\n/);
      assert.doesNotMatch(kirin.log(), /\[INFO\] \n/);
    });
    await statsd.close();
    app.remove();
  });

  it('learns once a second how many requests wait, when that is asked for', async () => {
    const statsd = await SyslogServer.udp();
    const args = ['--statsd-host', hostOf(statsd), '--enable-backlog-metric'];
    await withKirin({ app: 'dangerous:app', args }, async (kirin) => {
      await withMetric(statsd, /^gunicorn\.backlog:0\|h$/);
      const pages = [1, 2, 3].map(() => fetch(`${kirin.url}/sleep?seconds=1.2`));
      await withMetric(statsd, /^gunicorn\.backlog:[12]\|h$/);
      await Promise.all(pages);
    });
    await statsd.close();
  });

  it('that is gone holds no request up, and gets metrics again when it is back', async () => {
    const path = join(folder, 'comes-back');
    const first = await SyslogServer.unixDatagrams(path);
    await withKirin({ app: 'dangerous:app', args: ['--statsd-host', `unix://${path}`] }, async (kirin) => {
      await (await fetch(kirin.url)).text();
      await withMetric(first, /gunicorn\.requests/);
      await first.close();
      rmSync(path);
      await waitFor(async () => {
        assert.equal((await fetch(kirin.url)).status, 200);
        return /StatsD at unix:\S+ does not take metrics/.test(kirin.log());
      });
      const second = await SyslogServer.unixDatagrams(path);
      await waitFor(async () => {
        assert.equal((await fetch(kirin.url)).status, 200);
        return /takes metrics again; datagrams that were lost: [1-9]/.test(kirin.log());
      });
      await withMetric(second, /gunicorn\.requests/);
      assert.equal(kirin.log().match(/does not take metrics/g)?.length, 1);
      await second.close();
    });
  });

  it('gets what many requests at once amount to', async () => {
    const statsd = await SyslogServer.udp();
    await withKirin({ app: 'dangerous:app', args: ['--statsd-host', hostOf(statsd)] }, async (kirin) => {
      const client = async () => {
        for (let n = 0; n < 100; n++) await (await fetch(kirin.url)).text();
      };
      await Promise.all([client(), client(), client()]);
      const durations = () =>
        metricsOf(statsd).filter((metric) => /duration:[\d.]+\|ms$/.test(metric)).length;
      await waitFor(() => sums(statsd)['gunicorn.requests|c|@1.0'] === 300);
      await waitFor(() => sums(statsd)['gunicorn.request.status.200|c|@1.0'] === 300);
      await waitFor(() => durations() === 300);
      for (const datagram of statsd.messages) assert.ok(datagram.length <= 1432, `${datagram.length}`);
    });
    await statsd.close();
  });

  it('cannot be at an address that is none: that is refused', async () => {
    for (const address of ['localhost:port', 'unix://', 'http://localhost:8125']) {
      const { code, log } = await runKirin({ app: 'dangerous:app', args: ['--statsd-host', address] });
      assert.notEqual(code, 0);
      assert.match(log, /--statsd-host .*: (not an address of StatsD|no path)/);
    }
  });
});
