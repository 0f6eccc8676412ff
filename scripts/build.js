// Bundles Kirin's two Node programs, the command (which becomes the arbiter) and the edge, into one file each: loading
// sixty modules would cost some 60 ms at every start. What is imported late is still evaluated late. The bundles lie as
// deep as their sources, so paths relative to import.meta.url hold. Types are checked by `npm run check`.

import { rmSync } from 'node:fs';
import { build } from 'esbuild';

rmSync('dist', { recursive: true, force: true });
await build({
  entryPoints: { 'cli/main': 'src/cli/main.ts', 'edge/main': 'src/edge/main.ts' },
  outdir: 'dist',
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20.19',
  logLevel: 'warning',
});
