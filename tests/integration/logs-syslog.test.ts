import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { AppFolder, answering } from '../support/app-folder.ts';
import { findFreePort } from '../support/free-port.ts';
import { type KirinProcess, runKirin, startKirin, withKirin } from '../support/kirin.ts';
import { signalIfAlive } from '../support/processes.ts';
import { SyslogServer } from '../support/syslog-server.ts';
import { makeTemporaryFolder, removeFolder } from '../support/temporary-folder.ts';
import { waitFor } from '../support/wait-for.ts';

const folder = makeTemporaryFolder();
after(() => removeFolder(folder));

const to = (address: string, ...more: readonly string[]): string[] => [
  ...['--log-syslog', '--log-syslog-to', address],
  ...more,
];

async function listening(
  make: () => Promise<SyslogServer>,
  use: (server: SyslogServer) => Promise<void>,
): Promise<void> {
  const server = await make();
  try {
    await use(server);
  } finally {
    await server.close();
  }
}

const relayPid = (kirin: KirinProcess): number => {
  const relay = kirin.processes().find(({ command }) => /kirin_worker\S* relay|kirin: relay/.test(command));
  assert.ok(relay, 'no relay');
  return relay.pid;
};

describe('syslog', () => {
  it('gets the lines of the arbiter, the edge and the workers, each with its severity', async () => {
    await listening(
      () => SyslogServer.udp(),
      async (syslog) => {
        const args = to(syslog.address, '--log-syslog-facility', 'local3', '--log-syslog-prefix', 'shop');
        await withKirin({ app: 'wrong:app', args }, async (kirin) => {
          await fetch(`${kirin.url}/raises`);
          await syslog.next(
            new RegExp(`^<158>gunicorn\\.shop\\.error: \\[${kirin.pid}\\] Listening at: .*\0$`),
          );
          const [pid] = kirin.workerPids();
          await syslog.next(
            new RegExp(
              `^<155>gunicorn\\.shop\\.error: \\[${pid}\\] Error handling request GET /raises\nTraceback`,
            ),
          );
          await syslog.next(
            new RegExp(
              `^<158>gunicorn\\.shop\\.access: \\[${pid}\\] 127\\.0\\.0\\.1 - - .*/raises HTTP/1\\.1" 500 `,
            ),
          );
          assert.equal(kirin.stdout(), '', 'requests are logged to syslog alone');
          await kirin.waitForLog(/\[ERROR\] Error handling request/);
        });
        await syslog.next(/error: \[\d+\] Shutting down: Master\0$/);
      },
    );
  });

  it('does not get requests when that is said', async () => {
    await listening(
      () => SyslogServer.udp(),
      async (syslog) => {
        const args = to(syslog.address, '--disable-redirect-access-to-syslog');
        await withKirin({ app: 'dangerous:app', args }, async (kirin) => {
          await fetch(kirin.url);
        });
        await syslog.next(/Shutting down/);
        assert.deepEqual(
          syslog.messages.filter((message) => message.includes('.access:')),
          [],
        );
      },
    );
  });

  const socketPath = (name: string) => join(folder, name);
  for (const [what, make, address] of [
    ['TCP', () => SyslogServer.stream(0), (own: string) => own],
    [
      'a unix socket for streams',
      () => SyslogServer.stream(socketPath('a')),
      (own: string) => `${own}#stream`,
    ],
    [
      'a unix socket for streams, not named so',
      () => SyslogServer.stream(socketPath('b')),
      (own: string) => own,
    ],
    [
      'a unix socket for datagrams',
      () => SyslogServer.unixDatagrams(socketPath('c')),
      (own: string) => `${own}#dgram`,
    ],
    [
      'a unix socket for datagrams, not named so',
      () => SyslogServer.unixDatagrams(socketPath('d')),
      (own: string) => own,
    ],
  ] as const) {
    it(`gets them over ${what}`, async () => {
      await listening(make, async (syslog) => {
        await withKirin({ app: 'wrong:app', args: to(address(syslog.address)) }, async (kirin) => {
          await fetch(`${kirin.url}/raises`);
          // The whole traceback is one record.
          await syslog.next(
            /^<11>gunicorn\.wrong\.app\.error: .*handling request GET[\s\S]*raised on purpose\0?$/,
          );
          await syslog.next(/^<14>gunicorn\.wrong\.app\.access: .*"GET \/raises HTTP\/1\.1" 500/);
        });
        assert.match((await syslog.next(/Shutting down/)).trimEnd(), /Shutting down: Master\0?$/);
      });
    });
  }

  it('that is down is told once, and gets what was kept when it comes back', async () => {
    const port = await findFreePort();
    const args = to(`tcp://127.0.0.1:${port}`);
    await withKirin({ app: 'dangerous:app', args }, async (kirin) => {
      await kirin.waitForLog(/Syslog at tcp:\S+ does not take records \(Connection refused\)/);
      for (let number = 0; number < 50; number++) {
        assert.equal((await fetch(`${kirin.url}/?${number}`)).status, 200);
      }
      await listening(
        () => SyslogServer.stream(port),
        async (syslog) => {
          await syslog.next(/Starting kirin/);
          await syslog.next(/GET \/\?49 /);
          const requests = syslog.messages.filter((message) => message.includes('.access:'));
          assert.equal(requests.length, 50);
          await kirin.waitForLog(/takes records again; lost meanwhile: 0/);
          assert.equal(kirin.log().match(/does not take records/g)?.length, 1);
        },
      );
    });
  });

  it('that dies and comes back under load gets the records after that, and no request notices', async () => {
    const path = socketPath('dies');
    const args = to(`unix://${path}`);
    const first = await SyslogServer.unixDatagrams(path);
    await withKirin({ app: 'dangerous:app', args }, async (kirin) => {
      let isOver = false;
      let served = 0;
      const client = async () => {
        while (!isOver) {
          const response = await fetch(kirin.url);
          assert.equal(response.status, 200);
          await response.text();
          served++;
        }
      };
      const load = [client(), client(), client()];
      const serveMore = async () => {
        const before = served;
        await waitFor(() => served > before + 100);
      };
      await serveMore();
      await first.close();
      rmSync(path);
      await kirin.waitForLog(/Syslog at unix:\S+ does not take records/);
      await serveMore();
      const second = await SyslogServer.unixDatagrams(path);
      await kirin.waitForLog(/takes records again; lost meanwhile: 0/);
      await serveMore();
      isOver = true;
      await Promise.all(load);
      const requests = () =>
        [...first.messages, ...second.messages].filter((message) => message.includes('.access:')).length;
      // Of datagrams that it had not read when it died nobody knows.
      await waitFor(() => second.messages.some((message) => message.includes('.access:')));
      await waitFor(() => requests() > served / 2);
      assert.ok(requests() <= served);
      await second.close();
    });
  });

  it('that takes nothing holds no request up; what is lost is counted', async () => {
    await listening(
      () => SyslogServer.stream(0, { isRead: false }),
      async (syslog) => {
        const long = 'x'.repeat(7000);
        const args = to(syslog.address);
        await withKirin({ app: 'dangerous:app', args, bind: ['127.0.0.1:0'] }, async (kirin) => {
          // More than is kept.
          for (let sent = 0; sent < 40_000_000; sent += 70_000) {
            const pages = Array.from({ length: 10 }, () =>
              fetch(kirin.url, { headers: { 'User-Agent': long } }),
            );
            for (const page of await Promise.all(pages)) {
              assert.equal(page.status, 200);
              await page.text();
            }
          }
          await syslog.close();
          const [, port = ''] = /:(\d+)$/.exec(syslog.address) ?? [];
          await listening(
            () => SyslogServer.stream(Number(port)),
            async () => {
              const [, lost] = await kirin.waitForLog(/(?:again|slowly); lost(?: meanwhile)?: (\d+)/, {
                timeoutMs: 30_000,
              });
              assert.ok(Number(lost) > 100, `${lost} lost`);
            },
          );
        });
      },
    );
  });

  it('is served again after its relay was killed', async () => {
    await listening(
      () => SyslogServer.udp(),
      async (syslog) => {
        await withKirin({ app: 'dangerous:app', args: to(syslog.address) }, async (kirin) => {
          process.kill(relayPid(kirin), 'SIGKILL');
          await kirin.waitForLog(
            /The relay of log records \(pid:\d+\) was ended by SIGKILL; another is started/,
          );
          await syslog.next(/another is started/);
          await fetch(`${kirin.url}/?after`);
          await syslog.next(/GET \/\?after /);
        });
      },
    );
  });

  it('is begun, moved and ended by a reload', async () => {
    const app = new AppFolder({ 'main.py': answering('one') });
    after(() => app.remove());
    const configure = (text: string) => writeFileSync(join(app.path, 'gunicorn.conf.py'), text);
    await listening(
      () => SyslogServer.udp(),
      async (first) => {
        await listening(
          () => SyslogServer.stream(0),
          async (second) => {
            await withKirin({ app: 'main:app', cwd: app.path }, async (kirin) => {
              const reload = async (text: string, done: RegExp) => {
                configure(text);
                const from = kirin.log().length;
                kirin.signal('SIGHUP');
                await kirin.waitForLog(done, { from });
              };
              await reload(`syslog = True\nsyslog_addr = '${first.address}'`, /Ready: .*generation 2/);
              await fetch(`${kirin.url}/?two`);
              await first.next(/GET \/\?two /);
              await reload(`syslog = True\nsyslog_addr = '${second.address}'`, /Ready: .*generation 3/);
              await fetch(`${kirin.url}/?three`);
              await second.next(/GET \/\?three /);
              await reload(
                `syslog = True\nsyslog_addr = 'nowhere'`,
                /Not reloaded.*not an address of syslog/,
              );
              await fetch(`${kirin.url}/?still-three`);
              await second.next(/GET \/\?still-three /);
              await reload('', /Ready: .*generation 4/);
              await fetch(`${kirin.url}/?four`);
              await waitFor(() => kirin.processes().length === 4, { details: () => kirin.log() });
              assert.ok(!second.messages.some((message) => /GET \/\?four /.test(message)));
            });
          },
        );
      },
    );
  });

  it('is not reached over an address that is none: that is refused', async () => {
    const { code, log } = await runKirin({ app: 'dangerous:app', args: to('localhost:514') });
    assert.equal(code, 1);
    assert.match(
      log,
      /syslog_addr 'localhost:514' \(from .*\): not an address of syslog; give one such as udp:/,
    );
  });

  it('may be gone for good: nothing is left of the relay when the arbiter is killed', async () => {
    const kirin = await startKirin({ app: 'dangerous:app', args: to('udp://127.0.0.1:9') });
    signalIfAlive(kirin.pid, 'SIGKILL');
    await kirin.ended();
    await kirin.assertNothingLeft().finally(() => kirin.discard());
  });
});
