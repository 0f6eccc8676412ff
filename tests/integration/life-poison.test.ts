import assert from 'node:assert/strict';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { readExecutions } from '../support/chaos/executions.ts';
import { type KirinProcess, withKirin } from '../support/kirin.ts';
import { RawConnection } from '../support/raw-connection.ts';
import { makeTemporaryFolder, removeFolder } from '../support/temporary-folder.ts';

const POISON = 1;

describe('a request that always ends its worker', () => {
  let folder: string;
  let executions: string;

  beforeEach(() => {
    folder = makeTemporaryFolder();
    executions = join(folder, 'executions');
  });
  afterEach(() => removeFolder(folder));

  const request = (method: string, target: string) =>
    `${method} ${target} HTTP/1.1\r\nHost: a\r\n${method === 'POST' ? 'Content-Length: 0\r\n' : ''}\r\n`;
  const poison = (method: string, how: string, page = 'die') =>
    request(method, `/${page}?n=${POISON}&how=${how}`);
  const innocent = (number: number, method = 'GET') => request(method, `/quick?n=${number}`);

  const kirinWith = <T>(args: readonly string[], use: (kirin: KirinProcess) => Promise<T>) =>
    withKirin({ app: 'chaotic:app', args, env: { EXECUTIONS: executions } }, use);

  const startsOf = (number: number) => readExecutions(executions)(number).starts;

  for (const { what, args } of [
    { what: 'one worker', args: [] },
    { what: 'three workers', args: ['--workers', '3'] },
    { what: 'two threads', args: ['--threads', '2'] },
  ]) {
    for (const how of ['SIGSEGV', 'exit']) {
      it(`is answered 502 after two workers, and not tried a third time, if it is safe (${what}, ${how})`, async () => {
        await kirinWith(args, async (kirin) => {
          const connection = await RawConnection.open({ port: kirin.port });
          connection.send(poison('GET', how) + innocent(2));
          assert.equal((await connection.readResponse()).status, 502);
          assert.equal((await connection.readResponse()).status, 200);
          connection.destroy();
          const starts = startsOf(POISON);
          assert.equal(starts.length, 2);
          const [first, second] = starts;
          assert.notEqual(first, second);
          await kirin.waitForLog(
            new RegExp(`Worker \\(pid:${first}\\) ended while it ran GET /die\\S+ .*another worker runs it`),
          );
          await kirin.waitForLog(
            new RegExp(
              `Worker \\(pid:${second}\\) ended while it ran GET /die\\S+ .*the second that did.*not tried again`,
            ),
          );
        });
      });
    }
  }

  it('is answered 502 after one worker if it is not safe', async () => {
    await kirinWith(['--workers', '2'], async (kirin) => {
      const connection = await RawConnection.open({ port: kirin.port });
      connection.send(poison('POST', 'SIGSEGV') + innocent(2, 'POST'));
      assert.equal((await connection.readResponse({ method: 'POST' })).status, 502);
      assert.equal((await connection.readResponse({ method: 'POST' })).status, 200);
      connection.destroy();
      assert.equal(startsOf(POISON).length, 1);
    });
  });

  for (const { method, args } of [
    { method: 'GET', args: [] },
    { method: 'GET', args: ['--workers', '2'] },
    { method: 'POST', args: [] },
    { method: 'POST', args: ['--workers', '2'] },
  ]) {
    const setting = args.length === 0 ? 'one worker' : args.join(' ');
    it(`costs none of those around it their answer: ${method}, ${setting}`, async () => {
      await kirinWith(args, async (kirin) => {
        // The path has proved fast: requests are put behind one another on one lane.
        const connections = await Promise.all(
          Array.from({ length: 30 }, () => RawConnection.open({ port: kirin.port })),
        );
        let number = POISON;
        for (const connection of connections.slice(0, 5)) {
          for (let times = 0; times < 20; times += 1) {
            connection.send(innocent(++number));
            assert.equal((await connection.readResponse()).status, 200);
          }
        }
        const isPost = (each: number) => each % 5 === 0;
        const firstNumber = number + 1;
        const poisoned = connections[10] as RawConnection;
        for (const connection of connections) {
          if (connection === poisoned) connection.send(poison(method, 'SIGKILL', 'quick'));
          else connection.send(innocent(++number, isPost(number) ? 'POST' : 'GET'));
        }
        const answers = await Promise.all(connections.map((connection) => connection.readResponse()));
        for (const [at, { status }] of answers.entries()) {
          assert.equal(status, connections[at] === poisoned ? 502 : 200, `request ${at}`);
        }
        for (const connection of connections) connection.destroy();
        assert.equal(startsOf(POISON).length, method === 'GET' ? 2 : 1);
        for (let each = firstNumber; each <= number; each += 1) {
          if (isPost(each)) assert.equal(startsOf(each).length, 1, `POST ${each}`);
        }
      });
    });
  }
});
