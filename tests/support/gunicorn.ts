import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { findFreePort } from './free-port.ts';
import { fixture, testPython, testVenv } from './project.ts';
import { waitFor, within } from './wait-for.ts';

/** Why the tests with Gunicorn cannot run here, or false. */
export const gunicornIsMissing: string | false =
  !existsSync(join(testVenv, 'bin', 'gunicorn')) && 'Gunicorn is not in the virtual environment of the tests';

/** The real Gunicorn, for comparisons. */
export class Gunicorn {
  readonly port: number;
  readonly #child: ChildProcess;
  readonly #ended: Promise<number | null>;
  #log = '';
  #stdout = '';

  private constructor(port: number, args: readonly string[], cwd: string) {
    this.port = port;
    const words = ['-m', 'gunicorn', '--bind', `127.0.0.1:${port}`, '--no-control-socket', ...args];
    this.#child = spawn(testPython, words, {
      cwd,
      env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1', GUNICORN_CMD_ARGS: '' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#ended = once(this.#child, 'exit').then(([code]) => code);
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#log += text;
    });
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#stdout += text;
    });
  }

  static async start(args: readonly string[], cwd = fixture('apps')): Promise<Gunicorn> {
    const gunicorn = new Gunicorn(await findFreePort(), args, cwd);
    try {
      await waitFor(() => accepts(gunicorn.port), { timeoutMs: 20_000, details: () => gunicorn.log() });
      return gunicorn;
    } catch (error) {
      await gunicorn.stop();
      throw error;
    }
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get pid(): number {
    return this.#child.pid as number;
  }

  log(): string {
    return this.#log;
  }

  stdout(): string {
    return this.#stdout;
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Returns the exit code; null when it was ended by a signal. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    this.#child.kill(signal);
    return within(15_000, 'the end of Gunicorn', this.#ended, () => this.#log);
  }
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
