import { type ChildProcess, spawn } from 'node:child_process';
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { KirinError } from '../base/errors.ts';
import type { ArbiterToRelay, RelaySpec, RelayToArbiter } from '../protocol/supervision/relay.ts';
import { describeExit, exitStatus } from './exit-status.ts';
import { launchAs } from './launch.ts';
import type { Owner } from './plan.ts';

type Ready = Extract<RelayToArbiter, { type: 'ready' }>;

export interface RelayOptions {
  readonly python: string;
  /** Path of python/kirin_worker. */
  readonly script: string;
  readonly env: NodeJS.ProcessEnv;
  readonly owner: Owner | null;
}

/** A relay as the arbiter sees it. python/kirin_worker/relay.py is its own view. */
export class RelayProcess {
  readonly #child: ChildProcess;
  readonly #channel: Duplex;
  readonly #ended: Promise<string>;
  #unread = '';
  #ready: Ready | null = null;
  #hasEnded = false;
  #onMessage: (message: RelayToArbiter) => void = () => {};

  private constructor(options: RelayOptions, report: (problem: string) => void) {
    const { command, args, account } = launchAs(options.owner, options.python, [options.script, 'relay']);
    this.#child = spawn(command, args, {
      stdio: ['ignore', 'inherit', 'inherit', 'pipe'],
      env: options.env,
      ...account,
    });
    this.#channel = this.#child.stdio[3] as Duplex;
    this.#channel.setEncoding('utf8');
    this.#channel.on('error', () => {}); // it has died: `close` follows
    this.#channel.on('data', (text: string) => {
      const lines = (this.#unread + text).split('\n');
      this.#unread = lines.pop() ?? '';
      for (const line of lines) {
        const message = JSON.parse(line) as RelayToArbiter;
        if (message.type === 'problem') report(message.message);
        else this.#onMessage(message);
      }
    });
    this.#ended = new Promise((resolve) => {
      this.#child.once('error', ({ message }) => resolve(`cannot be started: ${message}`));
      this.#child.once('close', (code, signal) => resolve(describeExit(exitStatus(code, signal))));
    });
    void this.#ended.then(() => {
      this.#hasEnded = true;
    });
  }

  /**
   * Resolves once it could serve.
   * @throws {KirinError}
   */
  static async start(
    options: RelayOptions,
    spec: RelaySpec,
    report: (problem: string) => void,
  ): Promise<RelayProcess> {
    const relay = new RelayProcess(options, report);
    const answer = new Promise<RelayToArbiter>((resolve) => {
      relay.#onMessage = resolve;
    });
    relay.#send({ type: 'start', ...spec });
    const message = await Promise.race([answer, relay.#ended]);
    if (typeof message === 'object' && message.type === 'ready') {
      relay.#ready = message;
      return relay;
    }
    relay.kill();
    const why = typeof message === 'object' && message.type === 'failed' ? message.error : `it ${message}`;
    const what =
      spec.logging === null
        ? 'the process that hands on log records cannot start'
        : 'the logging configuration cannot be used';
    throw new KirinError('log-unusable', `${what}: ${why}`);
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** How it ended, in words. */
  get ended(): Promise<string> {
    return this.#ended;
  }

  /** What it has found. */
  get ready(): Ready | null {
    return this.#ready;
  }

  reopen(): void {
    this.#send({ type: 'reopen' });
  }

  serve(): void {
    this.#send({ type: 'serve' });
  }

  handOver(): void {
    this.#send({ type: 'hand-over' });
  }

  /** Once everybody has left it, it ends; at the latest after `limitMs`. */
  async end(limitMs: number): Promise<void> {
    this.#send({ type: 'end' });
    const limit = new AbortController();
    const isLate = sleep(limitMs, true, { signal: limit.signal }).catch(() => false);
    if ((await Promise.race([this.#ended, isLate])) === true) this.kill();
    limit.abort();
    await this.#ended;
  }

  kill(): void {
    if (!this.#hasEnded) this.#child.kill('SIGKILL');
  }

  #send(message: ArbiterToRelay): void {
    if (this.#channel.writable) this.#channel.write(`${JSON.stringify(message)}\n`);
  }
}
