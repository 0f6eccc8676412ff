import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, describe, it } from 'node:test';
import { connect, type SecureVersion, type TLSSocket } from 'node:tls';
import { CertificateFolder, opensslIsMissing } from '../support/certificates.ts';
import { startKirin } from '../support/kirin.ts';
import { isAlive, signalIfAlive } from '../support/processes.ts';
import { waitFor, within } from '../support/wait-for.ts';

/** 32 bytes in base64, as the secret is. */
const SECRET = /[A-Za-z0-9+/]{43}=/;

const procFile = (pid: number, name: string) => readFileSync(`/proc/${pid}/${name}`, 'latin1');

describe('after USR2', { skip: opensslIsMissing }, () => {
  const folder = new CertificateFolder();
  const { cert, key } = folder.certificate('localhost', { hosts: ['localhost'] });
  after(() => folder.remove());

  /** One request; the session that clients may take up later, and whether this one was taken up. */
  async function visit(port: number, version: SecureVersion, session?: Buffer) {
    const socket: TLSSocket = connect({
      port,
      host: '127.0.0.1',
      servername: 'localhost',
      ca: readFileSync(cert),
      minVersion: version,
      maxVersion: version,
      ...(session === undefined ? {} : { session }),
    });
    let made = socket.getSession();
    socket.on('session', (next) => {
      made = next;
    });
    let answer = '';
    socket.setEncoding('latin1').on('data', (text: string) => {
      answer += text;
    });
    const over = new Promise<void>((resolve, reject) => {
      socket.once('error', reject).once('end', resolve);
    });
    socket.write('GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
    await within(15_000, 'the response', over, () => answer);
    assert.match(answer, /^HTTP\/1\.1 200 /);
    return { session: made, isReused: socket.isSessionReused() };
  }

  it('clients take up the sessions that they had with the Kirin before, and with the one before that', async () => {
    const kirin = await startKirin({
      app: 'environ_dump:app',
      args: ['--certfile', cert, '--keyfile', key],
    });
    try {
      const versions = ['TLSv1.2', 'TLSv1.3'] as const;
      const { port } = kirin;
      const sessions = new Map<SecureVersion, Buffer | undefined>();
      for (const version of versions) {
        const first = await visit(port, version);
        assert.equal(first.isReused, false);
        sessions.set(version, first.session);
      }
      let { pid } = kirin;
      for (const round of [1, 2]) {
        const from = kirin.log().length;
        process.kill(pid, 'SIGUSR2');
        const serves = await waitFor(
          () => /The new Kirin \(pid:(\d+)\) serves/.exec(kirin.log().slice(from)),
          { timeoutMs: 20_000, details: () => kirin.log() },
        );
        const successor = Number(serves[1]);
        // Whoever may list processes must not read it.
        const [, offer = ''] = /KIRIN_UPGRADE=([^\0]*)/.exec(procFile(successor, 'environ')) ?? [];
        assert.equal((JSON.parse(offer) as { tellsTicketSecret: boolean }).tellsTicketSecret, true);
        assert.doesNotMatch(offer + procFile(successor, 'cmdline'), SECRET);
        const old = pid;
        signalIfAlive(old, 'SIGTERM');
        await waitFor(() => !isAlive(old), { details: () => kirin.log() });
        pid = successor;
        for (const version of versions) {
          const { isReused } = await visit(port, version, sessions.get(version));
          assert.equal(isReused, true, `${version}, upgrade ${round}`);
        }
      }
      signalIfAlive(pid, 'SIGTERM');
      await kirin.assertNothingLeft();
    } catch (error) {
      console.error(`--- log of kirin ---\n${kirin.log()}`);
      throw error;
    } finally {
      kirin.discard();
    }
  });
});
