import { type ChildProcess, spawn } from 'node:child_process';
import type { Duplex } from 'node:stream';
import type { ExitStatus } from '../protocol/supervision/edge.ts';
import type { ArbiterToZygote, ZygoteToArbiter } from '../protocol/supervision/zygote.ts';
import { exitStatus } from './exit-status.ts';
import { launchAs } from './launch.ts';
import type { Owner } from './plan.ts';

export interface ZygoteOptions {
  readonly python: string;
  /** Path of python/kirin_worker. */
  readonly script: string;
  readonly env: NodeJS.ProcessEnv;
  readonly owner: Owner | null;
}

export interface ZygoteEvents {
  onMessage(message: ZygoteToArbiter): void;
  /** After its last message. `startError` when there never was a process. */
  onExit(status: ExitStatus, startError: string | null): void;
}

/** A zygote as the arbiter sees it. python/kirin_worker/zygote.py is its own view. */
export class ZygoteProcess {
  readonly #child: ChildProcess;
  readonly #channel: Duplex | null;
  #unread = '';

  constructor(options: ZygoteOptions, events: ZygoteEvents) {
    // Standard input stays the terminal's, for breakpoint() while developing.
    const { command, args, account } = launchAs(options.owner, options.python, [options.script]);
    this.#child = spawn(command, args, {
      stdio: ['inherit', 'inherit', 'inherit', 'pipe'],
      env: options.env,
      ...account,
    });
    let startError: string | null = null;
    this.#child.on('error', (error) => {
      startError = error.message;
      if (this.#child.pid === undefined) events.onExit({ code: 127 }, startError);
    });
    // `close` comes after the channel's end, so that no last message is missed.
    this.#child.on('close', (code, signal) => {
      if (startError === null) events.onExit(exitStatus(code, signal), null);
    });
    this.#channel = (this.#child.stdio[3] as Duplex | undefined) ?? null;
    this.#channel?.setEncoding('utf8');
    this.#channel?.on('data', (text: string) => this.#receive(text, events));
    this.#channel?.on('error', () => {}); // it has died: `close` follows
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  send(message: ArbiterToZygote): void {
    if (this.#channel?.writable) this.#channel.write(`${JSON.stringify(message)}\n`);
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }

  #receive(text: string, events: ZygoteEvents): void {
    const lines = (this.#unread + text).split('\n');
    this.#unread = lines.pop() ?? '';
    for (const line of lines) events.onMessage(JSON.parse(line) as ZygoteToArbiter);
  }
}
