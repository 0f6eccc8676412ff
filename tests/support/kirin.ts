import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import {
  descendantsOf,
  describeProcesses,
  findByEnvironment,
  type ProcessFacts,
  pssBytes,
  signalIfAlive,
} from './processes.ts';
import { fixture, projectRoot, testVenv } from './project.ts';
import { listFolder, makeTemporaryFolder, removeFolder } from './temporary-folder.ts';
import { waitFor, within } from './wait-for.ts';

const RUN_VARIABLE = 'KIRIN_TEST_RUN';
const START_TIMEOUT_MS = 30_000;
/** Less than the graceful time-out: a stop that waits for it to pass is stuck. */
const STOP_TIMEOUT_MS = 15_000;

/** The line that each TCP listener has, and the one that says that requests are answered. */
const LISTENING = /Listening at: (https?):\/\/(\S+):(\d+)/;
const READY = /Ready: \d+ worker/;

export interface KirinOptions {
  /** The application; none when `args` names it. */
  readonly app?: string;
  readonly args?: readonly string[];
  /** Default: 127.0.0.1 with a port that the system picks. Empty: `args` or the environment say it. */
  readonly bind?: readonly string[];
  /** Default: tests/fixtures/apps. */
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Default: bin/kirin.js of the project. */
  readonly program?: string;
  /** Instead of all of the above but `cwd` and `env`: a line for the shell that begins with `kirin`. */
  readonly commandLine?: string;
  /** Descriptors of this process that kirin gets, from 3 on; `ignore` leaves one out. */
  readonly descriptors?: readonly (number | 'ignore')[];
}

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

let runs = 0;

/**
 * The real `kirin` as a child process, in a temporary folder of its own. What it and all its descendants leave behind, processes or
 * files, fails the test in `stop`.
 */
export class KirinProcess {
  readonly runId = `${process.pid}-${++runs}`;
  /** TMPDIR of this run: Kirin's run directory lies in it. */
  readonly temporaryFolder = makeTemporaryFolder();
  readonly #child: ChildProcess;
  readonly #ended: Promise<Ended>;
  #log = '';
  #stdout = '';
  #hasEnded = false;

  constructor(options: KirinOptions) {
    const { cwd = fixture('apps'), env = {}, descriptors = [] } = options;
    const [program, ...args] = programOf(options);
    this.#child = spawn(program, args, {
      cwd,
      env: this.#environment(env),
      stdio: ['ignore', 'pipe', 'pipe', ...descriptors],
    });
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#stdout += text;
    });
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#log += text;
    });
    this.#ended = once(this.#child, 'exit').then(([code, signal]) => {
      this.#hasEnded = true;
      return { code, signal };
    });
  }

  #environment(extra: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
    const env: NodeJS.ProcessEnv = {
      ...process.env,
      VIRTUAL_ENV: testVenv,
      TMPDIR: this.temporaryFolder,
      // The applications' folders stay as they are in the repository.
      PYTHONDONTWRITEBYTECODE: '1',
      [RUN_VARIABLE]: this.runId,
    };
    // What the caller's shell says about servers must not steer this one.
    for (const name of [
      'PORT',
      'WEB_CONCURRENCY',
      'GUNICORN_CMD_ARGS',
      'KIRIN_CMD_ARGS',
      'SCRIPT_NAME',
      'NODE_TEST_CONTEXT',
    ]) {
      delete env[name];
    }
    return { ...env, ...extra };
  }

  /** The arbiter's process id. */
  get pid(): number {
    const { pid } = this.#child;
    if (pid === undefined) throw new Error('kirin could not be spawned');
    return pid;
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** Standard error so far. */
  log(): string {
    return this.#log;
  }

  stdout(): string {
    return this.#stdout;
  }

  /** The port of the first TCP listener. */
  get port(): number {
    const line = LISTENING.exec(this.#log);
    if (!line) throw new Error(`no TCP listener in the log:\n${this.#log}`);
    return Number(line[3]);
  }

  get url(): string {
    return `${LISTENING.exec(this.#log)?.[1]}://127.0.0.1:${this.port}`;
  }

  /** The first match in the log, from `from` on; waits for it. */
  async waitForLog(pattern: RegExp, { timeoutMs = 15_000, from = 0 } = {}): Promise<RegExpExecArray> {
    return waitFor(
      () => {
        const match = pattern.exec(this.#log.slice(from));
        if (!match && this.#hasEnded)
          throw new Error(`kirin ended without logging ${pattern}:\n${this.#log}`);
        return match;
      },
      { timeoutMs, what: `${pattern} in the log`, details: () => this.#log.slice(from) },
    );
  }

  async waitUntilReady(): Promise<void> {
    await this.waitForLog(READY, { timeoutMs: START_TIMEOUT_MS });
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** How the arbiter ended; waits for it. */
  async ended(timeoutMs = STOP_TIMEOUT_MS): Promise<Ended> {
    return within(timeoutMs, 'the end of kirin', this.#ended, () => this.#log);
  }

  /** Every living process of this run, also those whose parent is gone. */
  processes(): ProcessFacts[] {
    const marked = findByEnvironment(RUN_VARIABLE, this.runId);
    const known = new Set(marked.map(({ pid }) => pid));
    // A process may overwrite its environment, to show a title; it is still somebody's child.
    return [...marked, ...descendantsOf(this.pid).filter(({ pid }) => !known.has(pid))];
  }

  /** The memory of all processes of this run, shared pages counted once. */
  totalPssBytes(): number {
    return this.processes().reduce((total, { pid }) => total + pssBytes(pid), 0);
  }

  /** The workers' process ids, as the operating system sees them: the zygote's children. */
  workerPids(): number[] {
    const processes = this.processes();
    const isPython = ({ command }: ProcessFacts) => /python|kirin: (worker|zygote)/.test(command);
    const pythons = processes.filter(isPython);
    const zygotes = new Set(pythons.filter(({ parentPid }) => parentPid === this.pid).map(({ pid }) => pid));
    return pythons.filter(({ parentPid }) => zygotes.has(parentPid)).map(({ pid }) => pid);
  }

  /** The edge's process id: the arbiter's child that runs Node. */
  edgePid(): number {
    const edge = this.processes().find(
      ({ parentPid, command }) => parentPid === this.pid && !/python|zygote|kirin: acme/.test(command),
    );
    if (!edge) throw new Error(`no edge among:\n${describeProcesses(this.processes())}`);
    return edge.pid;
  }

  /** Stops gracefully, when it still runs, and fails when it did not end with 0 or left anything behind. */
  async stop({ expectedCode = 0 }: { expectedCode?: number } = {}): Promise<void> {
    if (!this.#hasEnded) this.signal('SIGTERM');
    try {
      const ended = await this.ended();
      if (ended.code !== expectedCode) {
        throw new Error(`kirin ended with ${ended.signal ?? ended.code}, not ${expectedCode}:\n${this.#log}`);
      }
      await this.assertNothingLeft();
    } finally {
      this.discard();
    }
  }

  /** Fails when a process of this run is alive, or a socket or a folder is left of it. */
  async assertNothingLeft(): Promise<void> {
    await waitFor(() => this.processes().length === 0, {
      what: 'the end of all processes of this run',
      details: () => `${describeProcesses(this.processes())}\n${this.#log}`,
    });
    const left = listFolder(this.temporaryFolder);
    if (left.length > 0) throw new Error(`kirin left behind: ${left.join(', ')}\n${this.#log}`);
  }

  /** Ends whatever is left, at once, and removes the temporary folder. */
  discard(): void {
    for (const { pid } of this.processes()) signalIfAlive(pid, 'SIGKILL');
    removeFolder(this.temporaryFolder);
  }
}

function programOf(options: KirinOptions): [program: string, ...args: string[]] {
  const { app, args = [], bind = ['127.0.0.1:0'], commandLine } = options;
  const program = options.program ?? join(projectRoot, 'bin', 'kirin.js');
  if (commandLine !== undefined) return ['/bin/sh', '-c', `exec ${commandLine}`];
  const binds = bind.flatMap((address) => ['--bind', address]);
  const apps = app === undefined ? [] : [app];
  return [process.execPath, program, ...binds, ...args, ...apps];
}

/** Starts kirin and waits until it serves. The caller stops it. */
export async function startKirin(options: KirinOptions): Promise<KirinProcess> {
  const kirin = new KirinProcess(options);
  try {
    await kirin.waitUntilReady();
    return kirin;
  } catch (error) {
    kirin.discard();
    throw error;
  }
}

/** Runs kirin for the length of `use`. When that fails, the log is printed. */
export async function withKirin<T>(
  options: KirinOptions,
  use: (kirin: KirinProcess) => Promise<T>,
): Promise<T> {
  const kirin = await startKirin(options);
  let result: T;
  try {
    result = await use(kirin);
  } catch (error) {
    console.error(`--- log of kirin ---\n${kirin.log()}`);
    kirin.discard();
    throw error;
  }
  await kirin.stop();
  return result;
}

/** Runs kirin until it ends by itself, as it does when it cannot start. */
export async function runKirin(options: KirinOptions): Promise<Ended & { log: string; stdout: string }> {
  const kirin = new KirinProcess(options);
  try {
    const ended = await kirin.ended();
    await kirin.assertNothingLeft();
    return { ...ended, log: kirin.log(), stdout: kirin.stdout() };
  } finally {
    kirin.discard();
  }
}
