// `npm run bench`: builds Kirin and the harness, then runs the harness, or that of `dispatch`, `front` or `threads` when this is the first argument. JavaScript, because Node 20 runs no TypeScript.

import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));

for (const [program, ...args] of [
  [process.execPath, 'scripts/build.js'],
  ['node_modules/.bin/tsc', '-p', 'benchmarks/tsconfig.json'],
]) {
  const { status } = spawnSync(program, args, { cwd: root, stdio: 'inherit' });
  if (status !== 0) console.error(`bench: ${args.at(-1)} did not succeed; what was built is measured`);
}

const others = ['dispatch', 'front', 'threads'];
const harness = others.includes(process.argv[2] ?? '') ? process.argv.splice(2, 1)[0] : 'whole';
await import(new URL(`../../.build/benchmarks/${harness}/bench.js`, import.meta.url).href);
