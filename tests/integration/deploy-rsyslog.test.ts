import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { findFreePort } from '../support/free-port.ts';
import { withKirin } from '../support/kirin.ts';
import { isSocket, makeTemporaryFolder, removeFolder } from '../support/temporary-folder.ts';
import { waitFor, within } from '../support/wait-for.ts';

const PROGRAM = ['/usr/sbin/rsyslogd', '/usr/bin/rsyslogd'].find(existsSync);

/** A real rsyslogd, with a configuration and sockets of its own. */
class Rsyslog {
  readonly folder = makeTemporaryFolder();
  readonly socket = join(this.folder, 'log');
  readonly port: number;
  #child: ChildProcess | null = null;

  constructor(port: number) {
    this.port = port;
    const line = '%syslogfacility-text%.%syslogseverity-text% %programname%%msg%\\n';
    writeFileSync(
      join(this.folder, 'rsyslog.conf'),
      `global(workDirectory="${this.folder}")
module(load="imuxsock" SysSock.Use="off")
module(load="imtcp")
module(load="imudp")
input(type="imuxsock" Socket="${this.socket}" RateLimit.Interval="0")
input(type="imtcp" address="127.0.0.1" port="${port}")
input(type="imudp" address="127.0.0.1" port="${port}")
template(name="line" type="string" string="${line}")
action(type="omfile" file="${join(this.folder, 'messages')}" template="line")
`,
    );
  }

  async start(): Promise<void> {
    const files = ['-f', join(this.folder, 'rsyslog.conf'), '-i', join(this.folder, 'pid')];
    this.#child = spawn(PROGRAM ?? 'rsyslogd', ['-n', ...files], { stdio: 'inherit' });
    await waitFor(() => existsSync(join(this.folder, 'pid')) && isSocket(this.socket), { what: 'rsyslogd' });
  }

  async stop(): Promise<void> {
    if (this.#child === null) return;
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    await within(15_000, 'the end of rsyslogd', ended);
    this.#child = null;
  }

  messages(): string {
    const file = join(this.folder, 'messages');
    return existsSync(file) ? readFileSync(file, 'utf8') : '';
  }

  async has(pattern: RegExp): Promise<void> {
    await waitFor(() => pattern.test(this.messages()), {
      what: `${pattern} in rsyslog's file`,
      details: () => this.messages(),
    });
  }
}

describe('rsyslog', { skip: PROGRAM === undefined && 'rsyslog is not installed' }, () => {
  let rsyslog: Rsyslog;
  before(async () => {
    rsyslog = new Rsyslog(await findFreePort());
    await rsyslog.start();
  });
  after(async () => {
    await rsyslog.stop();
    removeFolder(rsyslog.folder);
  });

  for (const [how, address] of [
    ['udp', () => `udp://127.0.0.1:${rsyslog.port}`],
    ['tcp', () => `tcp://127.0.0.1:${rsyslog.port}`],
    ['dgram', () => `unix://${rsyslog.socket}#dgram`],
    ['any', () => `unix://${rsyslog.socket}`],
  ] as const) {
    it(`writes a line for each record that comes by ${how}, a traceback included`, async () => {
      const args = ['--log-syslog', '--log-syslog-to', address(), '--log-syslog-prefix', how];
      await withKirin({ app: 'wrong:app', args }, async (kirin) => {
        await fetch(`${kirin.url}/raises`);
        await rsyslog.has(
          new RegExp(`^user\\.info gunicorn\\.${how}\\.error \\[\\d+\\] Listening at: http.*$`, 'm'),
        );
        await rsyslog.has(
          new RegExp(
            `^user\\.err gunicorn\\.${how}\\.error \\[\\d+\\] Error handling.*#012.*raised on purpose$`,
            'm',
          ),
        );
        await rsyslog.has(
          new RegExp(
            `^user\\.info gunicorn\\.${how}\\.access \\[\\d+\\] 127\\.0\\.0\\.1 .*/raises HTTP/1\\.1" 500`,
            'm',
          ),
        );
      });
      await rsyslog.has(
        new RegExp(`^user\\.info gunicorn\\.${how}\\.error \\[\\d+\\] Shutting down: Master$`, 'm'),
      );
    });
  }

  it('may be started again while Kirin serves', async () => {
    const args = ['--log-syslog', '--log-syslog-to', `unix://${rsyslog.socket}`];
    await withKirin({ app: 'dangerous:app', args }, async (kirin) => {
      await fetch(`${kirin.url}/?before`);
      await rsyslog.has(/GET \/\?before /);
      await rsyslog.stop();
      for (let number = 0; number < 20; number++) {
        assert.equal((await fetch(`${kirin.url}/?meanwhile-${number}`)).status, 200);
      }
      await rsyslog.start();
      await fetch(`${kirin.url}/?afterwards`);
      await rsyslog.has(/GET \/\?afterwards /);
      for (let number = 0; number < 20; number++) {
        assert.ok(rsyslog.messages().includes(`GET /?meanwhile-${number} `), `request ${number}`);
      }
    });
  });
});
