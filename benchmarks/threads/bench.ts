// What threads that compute gain from a CPython without a global lock: one worker with one thread and with several, in turns.

import { spawnSync } from 'node:child_process';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { App } from '../whole/apps.ts';
import { prepareEnvironment } from '../whole/environment.ts';
import { takeTurn } from '../whole/measure.ts';
import { RunningServer } from '../whole/running-server.ts';
import { median } from '../whole/statistics.ts';
import { type Options, parseOptions, USAGE } from './options.ts';

const APP: App = {
  name: 'threads',
  module: 'app',
  title: 'some milliseconds of Python',
  uploadBytes: 0,
  expectedBody: '00001',
};
const APP_FOLDER = fileURLToPath(new URL('../../../benchmarks/threads', import.meta.url));
const FREE_THREADED = ['python3.15t', 'python3.14t', 'python3.13t'];
const WARM_UP_SECONDS = 1;
const LOOK = 'import sys; print(sys.version.split()[0], getattr(sys, "_is_gil_enabled", lambda: True)())';

interface Interpreter {
  readonly path: string;
  readonly version: string;
  readonly hasGil: boolean;
}

interface Row {
  readonly title: string;
  readonly server: RunningServer;
  readonly perSecond: number[];
}

const running: RunningServer[] = [];

async function main(): Promise<void> {
  const options = parseOptions(process.argv.slice(2));
  if (options === null) {
    console.log(USAGE);
    return;
  }
  const interpreters = interpretersOf(options);
  const { venv } = prepareEnvironment(options.python);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void stopAndExit());
  const rows: Row[] = [];
  for (const { path, version, hasGil } of interpreters) {
    for (const threads of [1, options.threads]) {
      const server = await RunningServer.start('kirin', {
        app: APP,
        appsFolder: APP_FOLDER,
        workers: 1,
        threads,
        venv,
        profile: null,
        kirinOptions: ['--python', path],
      });
      running.push(server);
      const title = `CPython ${version}${hasGil ? '' : ', free-threaded'}, ${threads} thread(s)`;
      rows.push({ title, server, perSecond: [] });
    }
  }
  for (let round = 0; round < options.rounds; round += 1) {
    for (const { server, perSecond } of rows) {
      if (round === 0) await takeTurn(server, 2 * options.threads, WARM_UP_SECONDS);
      perSecond.push((await takeTurn(server, 2 * options.threads, options.seconds)).requestsPerSecond);
    }
  }
  report(rows, options);
}

/** The ordinary one, and the free-threaded one where there is any. */
function interpretersOf({ python, freeThreadedPython }: Options): Interpreter[] {
  const ordinary = look(python);
  if (ordinary === null) throw new Error(`--python: ${python} cannot be run`);
  const candidates = freeThreadedPython === null ? FREE_THREADED : [freeThreadedPython];
  const other = candidates.map(look).find((found) => found !== null);
  if (other?.hasGil === false) return [ordinary, other];
  if (freeThreadedPython !== null) {
    const why = other === undefined ? 'cannot be run' : 'has its lock enabled';
    throw new Error(`--python-free-threaded: ${freeThreadedPython} ${why}`);
  }
  console.error(`bench: no free-threaded CPython (${FREE_THREADED.join(', ')}) was found: skipped`);
  return [ordinary];
}

function look(program: string): Interpreter | null {
  const { status, stdout } = spawnSync(program, ['-c', `${LOOK}; print(sys.executable)`], {
    encoding: 'utf8',
  });
  if (status !== 0) return null;
  const [first = '', path = ''] = stdout.split('\n');
  const [version = '', hasGil] = first.split(' ');
  return { path, version, hasGil: hasGil === 'True' };
}

function report(rows: readonly Row[], { threads, rounds, seconds }: Options): void {
  const settings = `1 worker, ${2 * threads} connections, medians of ${rounds} rounds of ${seconds} s`;
  console.log(`\n${cpus().length} × ${cpus()[0]?.model.trim() ?? 'unknown CPU'}; ${settings}\n`);
  for (const { title, perSecond } of rows) {
    console.log(`${title.padEnd(48)} ${Math.round(median(perSecond)).toString().padStart(6)} requests/s`);
  }
}

const stopAll = () => Promise.all(running.splice(0).map((server) => server.stop()));

async function stopAndExit(): Promise<void> {
  await stopAll();
  process.exit(130);
}

try {
  await main();
} catch (error) {
  console.error(`bench: ${(error as Error).message}`);
  process.exitCode = 1;
} finally {
  await stopAll();
}
