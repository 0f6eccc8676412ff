import { type ChildProcess, spawn } from 'node:child_process';
import type { AcmeToArbiter, ArbiterToAcme } from '../../protocol/supervision/acme.ts';
import type { ExitStatus } from '../../protocol/supervision/edge.ts';
import { exitStatus } from '../exit-status.ts';

export interface AcmeProcessOptions {
  readonly script: string;
  readonly env: NodeJS.ProcessEnv;
  /** For the process title. */
  readonly name: string;
  /** File with certificates of those who sign the authority's own, beside the usual ones. */
  readonly ca: string | null;
}

export interface AcmeProcessEvents {
  onMessage(message: AcmeToArbiter): void;
  /** After its last message. */
  onExit(status: ExitStatus): void;
}

/** The process that obtains certificates, as the arbiter sees it. src/acme/main.ts is its own view. It runs as who started Kirin: it writes keys. */
export class AcmeProcess {
  readonly #child: ChildProcess;

  constructor({ script, env, name, ca }: AcmeProcessOptions, events: AcmeProcessEvents) {
    this.#child = spawn(process.execPath, [`--title=kirin: acme [${name}]`, script], {
      env: { ...env, ...(ca === null ? {} : { NODE_EXTRA_CA_CERTS: ca }) },
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    this.#child.on('message', (message) => events.onMessage(message as AcmeToArbiter));
    this.#child.on('error', () => {
      // It never was, or a send has failed: then its exit tells the rest.
      if (this.#child.pid === undefined) events.onExit({ code: 127 });
    });
    this.#child.on('close', (code, signal) => {
      if (this.#child.pid !== undefined) events.onExit(exitStatus(code, signal));
    });
  }

  send(message: ArbiterToAcme): void {
    if (this.#child.connected) this.#child.send(message, () => {});
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }
}
