// `npm run bench`: builds Kirin and the harness, then runs the harness. JavaScript, because Node 20 runs no TypeScript.

import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));

for (const project of ['tsconfig.build.json', 'benchmarks/tsconfig.json']) {
  const { status } = spawnSync('node_modules/.bin/tsc', ['-p', project], {
    cwd: root,
    stdio: 'inherit',
  });
  if (status !== 0) console.error(`bench: ${project} did not compile cleanly; what was emitted is measured`);
}

await import(new URL('../../.build/benchmarks/whole/bench.js', import.meta.url).href);
