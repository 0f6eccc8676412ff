// The kirin command: argv → one command → exit code.

import { KirinError } from '../base/errors.ts';
import { parseWords } from '../config/command-line.ts';
import { resolveConfig } from './resolve.ts';
import { serve } from './serve.ts';

const start = { commandLine: parseWords(process.argv.slice(2)), env: process.env, cwd: process.cwd() };

try {
  process.exitCode = await serve(resolveConfig(start), start);
} catch (error) {
  if (!(error instanceof KirinError)) throw error;
  process.stderr.write(`kirin: ${error.message}\n`);
  process.exitCode = error.exitCode;
}
