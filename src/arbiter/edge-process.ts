import { type ChildProcess, spawn } from 'node:child_process';
import type { ArbiterToEdge, EdgeToArbiter, ExitStatus } from '../protocol/supervision/edge.ts';
import { exitStatus } from './exit-status.ts';
import { launchAs } from './launch.ts';
import type { Owner } from './plan.ts';

/** Where the descriptors begin that the edge inherits: after standard input, output, error and the IPC channel. */
export const LANE_FD = 4;
export const FIRST_LISTENER_FD = 5;

export interface EdgeOptions {
  readonly script: string;
  readonly env: NodeJS.ProcessEnv;
  /** For the process title. */
  readonly name: string;
  readonly laneFd: number;
  readonly listenerFds: readonly number[];
  readonly owner: Owner | null;
}

export interface EdgeEvents {
  onMessage(message: EdgeToArbiter): void;
  /** After its last message. */
  onExit(status: ExitStatus): void;
}

/**
 * `--v8-pool-size=1`: one thread compiles. With the usual four, what has just become hot takes every processor of a small machine from
 * the requests for some milliseconds.
 */
const NODE_OPTIONS = ['--expose-gc', '--single-threaded-gc', '--v8-pool-size=1'] as const;

/** For what asks the disk; of these handlers/files/disk-gate.ts leaves some free when that hangs. Node's default is 4. */
const POOL_THREADS = '8';

/** The edge as the arbiter sees it. src/edge/main.ts is its own view. */
export class EdgeProcess {
  readonly #child: ChildProcess;

  constructor(options: EdgeOptions, events: EdgeEvents) {
    const title = `--title=kirin: edge [${options.name}]`;
    const words = [...NODE_OPTIONS, title, options.script];
    const { command, args, account } = launchAs(options.owner, process.execPath, words);
    this.#child = spawn(command, args, {
      env: { UV_THREADPOOL_SIZE: POOL_THREADS, ...withoutExtraCertificates(options.env) },
      stdio: ['ignore', 'inherit', 'inherit', 'ipc', options.laneFd, ...options.listenerFds],
      ...account,
    });
    this.#child.on('message', (message) => events.onMessage(message as EdgeToArbiter));
    let status: ExitStatus | null = null;
    const report = (): void => {
      // Messages that were sent last may arrive after the exit; `disconnect` comes after them.
      if (status !== null && !this.#child.connected) events.onExit(status);
    };
    this.#child.on('exit', (code, signal) => {
      status = exitStatus(code, signal);
      report();
    });
    this.#child.on('disconnect', report);
    this.#child.on('error', (error) => {
      if (this.#child.pid !== undefined) return; // a failed send or kill: its exit tells the rest
      status = { code: 127 };
      console.error(`kirin: cannot start the edge: ${error.message}`);
      setImmediate(report);
    });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  send(message: ArbiterToEdge): void {
    if (this.#child.connected) this.#child.send(message, () => {});
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }
}

/** Node reads NODE_EXTRA_CA_CERTS when it starts, which takes 45 ms for a usual bundle; the edge takes clients' certificates by ca_certs alone. */
function withoutExtraCertificates({ NODE_EXTRA_CA_CERTS, ...env }: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return env;
}
