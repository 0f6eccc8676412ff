import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { withKirin } from '../support/kirin.ts';

const NO_BIND = { app: 'dangerous:app', bind: [] };

describe('a variable of the environment', () => {
  for (const [what, env, workers] of [
    ['WEB_CONCURRENCY sets the number of workers, and PORT the port', { WEB_CONCURRENCY: '2', PORT: '0' }, 2],
    [
      'GUNICORN_CMD_ARGS is stronger than those',
      { WEB_CONCURRENCY: '2', PORT: '1', GUNICORN_CMD_ARGS: '--bind=127.0.0.1:0 -w 3' },
      3,
    ],
    [
      'KIRIN_CMD_ARGS is stronger than GUNICORN_CMD_ARGS',
      { GUNICORN_CMD_ARGS: '--bind=127.0.0.1:0 -w 3', KIRIN_CMD_ARGS: '-w 2' },
      2,
    ],
  ] as const) {
    it(what, async () => {
      await withKirin({ ...NO_BIND, env }, async (kirin) => {
        assert.equal(kirin.workerPids().length, workers);
        assert.equal((await fetch(kirin.url)).status, 200);
      });
    });
  }

  it('is weaker than the command line', async () => {
    const env = { WEB_CONCURRENCY: '3', GUNICORN_CMD_ARGS: '-w 4 -b 127.0.0.1:1', PORT: '1' };
    const options = { app: 'dangerous:app', args: ['-w', '1'], env };
    await withKirin(options, async (kirin) => assert.equal(kirin.workerPids().length, 1));
  });
});
