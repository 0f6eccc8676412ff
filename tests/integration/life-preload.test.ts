import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { AppFolder } from '../support/app-folder.ts';
import { withKirin } from '../support/kirin.ts';
import { pssBytes } from '../support/processes.ts';

/** Notes each import, and holds memory that nobody changes. */
const SOURCE = `
import os
with open("imports", "a") as imports:
    imports.write("imported\\n")
ballast = bytes(range(256)) * (64 << 12)

def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [str(len(ballast)).encode()]
`;
const BALLAST_BYTES = 64 << 20;
const WORKERS = 3;

describe('--preload', () => {
  for (const [args, imports] of [
    [[], WORKERS],
    [['--preload'], 1],
  ] as const) {
    it(`${args.length > 0 ? 'imports the application once' : 'left out, each worker imports it'}`, async () => {
      const folder = new AppFolder({ 'main.py': SOURCE });
      try {
        const options = { app: 'main:app', cwd: folder.path, args: ['--workers', `${WORKERS}`, ...args] };
        await withKirin(options, async (kirin) => {
          assert.equal(await (await fetch(kirin.url)).text(), String(BALLAST_BYTES));
          const lines = readFileSync(join(folder.path, 'imports'), 'utf8').trimEnd().split('\n');
          assert.equal(lines.length, imports);
        });
      } finally {
        folder.remove();
      }
    });
  }

  it("shares the application's memory between the workers", async () => {
    const folder = new AppFolder({ 'main.py': SOURCE });
    try {
      const options = { app: 'main:app', cwd: folder.path, args: ['--workers', `${WORKERS}`, '--preload'] };
      await withKirin(options, async (kirin) => {
        for (const pid of kirin.workerPids()) {
          // Its share of the ballast, which the zygote has too, and what a worker has beside it.
          const most = BALLAST_BYTES / (WORKERS + 1) + (20 << 20);
          assert.ok(pssBytes(pid) < most, `${pssBytes(pid)} bytes`);
        }
      });
    } finally {
      folder.remove();
    }
  });
});
