import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from './project.ts';

const PROGRAM = join(projectRoot, '.venvs', 'go', 'bin', 'h2spec');

/** Why the test with h2spec cannot run here, or false. */
export const h2specIsMissing: string | false =
  !existsSync(PROGRAM) && 'h2spec is not installed (scripts/test.sh does that where there is Go)';

export interface Conformance {
  readonly passed: number;
  /** What it prints of those that have failed. */
  readonly failures: string;
  /** Its last line. */
  readonly summary: string;
}

/** Runs all cases of h2spec against a port on this machine that speaks HTTP/2 by TLS. */
export function runH2spec(port: number): Promise<Conformance> {
  const words = ['--host', '127.0.0.1', '--port', `${port}`, '--tls', '--insecure', '--timeout', '10'];
  return new Promise((resolve) => {
    execFile(PROGRAM, words, { timeout: 300_000 }, (error, stdout, stderr) => {
      const [, failures = ''] = /^Failures: *\n([\s\S]*)^Finished/m.exec(stdout) ?? [];
      const [summary = `${error?.message ?? ''}${stderr}`, passed = '0'] =
        /^\d+ tests, (\d+) passed, .*$/m.exec(stdout) ?? [];
      resolve({ passed: Number(passed), failures: failures.trim(), summary });
    });
  });
}
