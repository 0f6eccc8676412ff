// Bundles Kirin's two Node programs, the command (which becomes the arbiter) and the edge, and what few starts need, into one CommonJS file each:
// loading sixty modules would cost some 60 ms at every start, and setting up the loader of ES modules another 10.
// What is imported late is still evaluated late. The bundles lie as deep as their sources, so paths relative to
// import.meta.url hold. Types are checked by `npm run check`.

import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { build } from 'esbuild';
import { mediaTypes } from './media-types-plugin.js';

rmSync('dist', { recursive: true, force: true });
mkdirSync('dist');
writeFileSync('dist/package.json', '{ "type": "commonjs" }\n');
await build({
  entryPoints: [
    'src/cli/main.ts',
    'src/edge/main.ts',
    'src/edge/password-worker.ts',
    'src/config/toml/kirin-toml.ts',
    'src/tls/certificate-maker.ts',
    'src/migrate/nginx/main.ts',
    'src/acme/main.ts',
  ],
  outbase: 'src',
  outdir: 'dist',
  bundle: true,
  platform: 'node',
  format: 'cjs',
  // A quarter less to read at every start; names stay, for stack traces.
  minifyWhitespace: true,
  target: 'node20.19',
  define: { 'import.meta.url': 'bundleUrl' },
  banner: { js: "const bundleUrl = require('node:url').pathToFileURL(__filename).href;" },
  plugins: [mediaTypes],
  logLevel: 'warning',
});
