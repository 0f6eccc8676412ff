import assert from 'node:assert/strict';
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { withKirin } from '../support/kirin.ts';
import { exchange } from '../support/raw-connection.ts';
import { within } from '../support/wait-for.ts';

const CONNECTIONS = 10_000;
/** Beside the connections, an edge or a client has some files, pipes and lanes open. */
const OTHER_FILES = 200;
const REQUEST = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
const fileLimit = Number(
  /^Max open files +\d+ +(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1] ?? Number.NaN,
);

describe('idle connections', () => {
  const skip =
    fileLimit < CONNECTIONS + OTHER_FILES && `a process may open only ${fileLimit} files here (ulimit -Hn)`;

  it(`may be ${CONNECTIONS}, each kept after a request, while others are served`, { skip }, async () => {
    await withKirin({ app: 'responses:app', args: ['--workers', '1'] }, async (kirin) => {
      const before = kirin.totalPssBytes();
      const clients = fork(join(import.meta.dirname, '..', 'support', 'idle-clients.js'), [
        String(kirin.port),
        String(CONNECTIONS),
      ]);
      try {
        assert.deepEqual(await answerOf(clients), { opened: CONNECTIONS, failed: 0 });

        const since = performance.now();
        for (let number = 0; number < 100; number++) {
          assert.equal((await exchange({ port: kirin.port }, REQUEST)).status, 200);
        }
        const perRequestMs = (performance.now() - since) / 100;
        assert.ok(perRequestMs < 50, `a request takes ${perRequestMs.toFixed(1)} ms`);

        const perConnection = (kirin.totalPssBytes() - before) / CONNECTIONS;
        assert.ok(perConnection < 20_000, `an idle connection costs ${Math.round(perConnection)} bytes`);

        clients.send('again');
        assert.deepEqual(await answerOf(clients), { answered: CONNECTIONS, ended: 0 });
      } finally {
        clients.kill('SIGKILL');
      }
    });
  });
});

async function answerOf(child: ChildProcess): Promise<unknown> {
  const [message] = await within(60_000, 'the idle clients', once(child, 'message'));
  return message;
}
