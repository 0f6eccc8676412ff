import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { withKirin } from '../support/kirin.ts';
import { makeTemporaryFolder, removeFolder } from '../support/temporary-folder.ts';
import { waitFor } from '../support/wait-for.ts';

describe('--threads', () => {
  it('runs as many requests of one worker at once, and no more', async () => {
    const folder = makeTemporaryFolder();
    const args = ['--workers', '1', '--threads', '3'];
    try {
      await withKirin({ app: 'dangerous:app', args }, async (kirin) => {
        const path = (number: number) => join(folder, `go-${number}`);
        const hasStarted = (number: number) => existsSync(`${path(number)}.started`);
        const responses = [0, 1, 2].map((number) => fetch(`${kirin.url}/wait-for-file?path=${path(number)}`));
        // None ends before all have begun.
        await waitFor(() => [0, 1, 2].every(hasStarted), { what: 'three requests that run at once' });

        const fourth = fetch(`${kirin.url}/wait-for-file?path=${path(3)}`);
        writeFileSync(path(1), '');
        assert.equal((await responses[1])?.status, 200);
        await waitFor(() => hasStarted(3), { what: 'the start of the one that waited' });
        for (const number of [0, 2, 3]) writeFileSync(path(number), '');
        for (const response of [...responses, fourth]) assert.equal((await response).status, 200);
        assert.equal(kirin.workerPids().length, 1);
      });
    } finally {
      removeFolder(folder);
    }
  });
});
