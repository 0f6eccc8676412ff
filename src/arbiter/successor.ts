import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import type { ExitStatus } from '../protocol/supervision/edge.ts';
import type { NewToOld, OldToNew, UpgradeOffer } from '../protocol/supervision/upgrade.ts';
import { exitStatus } from './exit-status.ts';
import { UPGRADE_VARIABLE } from './predecessor.ts';

/** Where its sockets begin: after standard input, output, error and the IPC channel. */
export const FIRST_SOCKET_FD = 4;

/** How this Kirin was started: the next one is started alike. */
export interface StartCommand {
  readonly script: string;
  readonly argv: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<NodeJS.ProcessEnv>;
}

export interface SuccessorEvents {
  onMessage(message: NewToOld): void;
  /** After its last message. `startError` when there never was a process. */
  onExit(status: ExitStatus, startError: string | null): void;
}

/** The Kirin that is to take this one's place, as this one sees it. predecessor.ts is its own view. */
export class Successor {
  readonly #child: ChildProcess;

  /** `offer` names the sockets in the order of `fds`. */
  constructor(command: StartCommand, offer: UpgradeOffer, fds: readonly number[], events: SuccessorEvents) {
    const { script, argv, cwd, env } = command;
    this.#child = spawn(nodePath(), [...process.execArgv, script, ...argv], {
      cwd,
      env: { ...env, [UPGRADE_VARIABLE]: JSON.stringify(offer) },
      stdio: ['inherit', 'inherit', 'inherit', 'ipc', ...fds],
    });
    let startError: string | null = null;
    this.#child.on('message', (message) => events.onMessage(message as NewToOld));
    this.#child.on('error', ({ message }) => {
      if (this.#child.pid !== undefined) return; // a failed send: its exit tells the rest
      startError = message;
      events.onExit({ code: 127 }, startError);
    });
    this.#child.on('close', (code, signal) => {
      if (startError === null) events.onExit(exitStatus(code, signal), null);
    });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  send(message: OldToNew): void {
    if (this.#child.connected) this.#child.send(message, () => {});
  }

  /** It keeps this process from ending no more. */
  release(): void {
    if (this.#child.connected) this.#child.disconnect();
    this.#child.unref();
  }
}

/** The Node that runs this process, unless it has been removed since: then whichever has its name now. */
function nodePath(): string {
  return existsSync(process.execPath) ? process.execPath : process.argv0;
}
