import type { NewToOld, UpgradeOffer } from '../protocol/supervision/upgrade.ts';
import type { ArbiterEvent } from './events.ts';
import { describeExit } from './exit-status.ts';
import type { Listener } from './listeners.ts';
import type { Log } from './log.ts';
import type { Predecessor } from './predecessor.ts';
import { FIRST_SOCKET_FD, type StartCommand, Successor } from './successor.ts';
import type { InheritedAddress } from './systemd-sockets.ts';
import type { TicketSecret } from './ticket-secret.ts';

/** How long a new Kirin may take to write the pid file before the old one ends without waiting for it. */
const TAKE_OVER_MS = 1000;

export interface UpgradeOptions {
  readonly command: StartCommand;
  readonly listeners: readonly Listener[];
  readonly opened: readonly InheritedAddress[];
  readonly predecessor: Predecessor | null;
  /** The new one resumes the sessions of this one's clients. */
  readonly tickets: TicketSecret;
  readonly log: Log;
  readonly enqueue: (event: ArbiterEvent) => void;
}

/** USR2: a new Kirin beside this one, on the same sockets; it takes this one's place when this one ends. */
export class Upgrade {
  readonly #options: UpgradeOptions;
  #successor: Successor | null = null;
  #phase: 'none' | 'starting' | 'serving' = 'none';
  #whenTakenOver: () => void = () => {};

  constructor(options: UpgradeOptions) {
    this.#options = options;
  }

  /** There is another Kirin on the same sockets, which will go on with them. */
  get hasSuccessor(): boolean {
    return this.#successor !== null;
  }

  get successorPid(): number | null {
    return this.#successor?.pid ?? null;
  }

  get isSuccessorServing(): boolean {
    return this.#phase === 'serving';
  }

  /** Of the one before this, or of the one after. */
  get isAnotherThere(): boolean {
    const { predecessor } = this.#options;
    return this.hasSuccessor || (predecessor !== null && !predecessor.isGone);
  }

  /** While the one before this is there; else 0. */
  get predecessorPid(): number {
    const { predecessor } = this.#options;
    return predecessor === null || predecessor.isGone ? 0 : predecessor.pid;
  }

  /** Says why not. */
  mayStart(): boolean {
    const { log } = this.#options;
    if (this.#successor !== null) {
      log.warning(`USR2 is ignored: the new Kirin (pid:${this.#successor.pid}) is there already`);
      return false;
    }
    if (this.predecessorPid !== 0) {
      log.warning(
        `USR2 is ignored: this is the new Kirin, and the old one (pid:${this.predecessorPid}) is still there`,
      );
      return false;
    }
    return true;
  }

  start(): void {
    if (!this.mayStart()) return;
    const { command, listeners, opened, tickets, log, enqueue } = this.#options;
    const { facts } = tickets;
    const offer: UpgradeOffer = {
      pid: process.pid,
      sockets: listeners.map(({ key }, index) => ({ fd: FIRST_SOCKET_FD + index, address: key })),
      opened: opened.map(({ kind: _, ...socket }) => socket),
      tellsTicketSecret: facts !== null,
    };
    const fds = listeners.map(({ socket }) => socket.fd);
    this.#phase = 'starting';
    this.#successor = new Successor(command, offer, fds, {
      onMessage: (message) => enqueue({ kind: 'successor-message', message }),
      onExit: (status, startError) => enqueue({ kind: 'successor-exit', status, startError }),
    });
    if (facts !== null) this.#successor.send({ type: 'ticket-secret', facts });
    if (this.#successor.pid !== undefined)
      log.info(`Starting a new Kirin (pid:${this.#successor.pid}) beside this one`);
  }

  note(message: NewToOld): void {
    const { log } = this.#options;
    const pid = this.#successor?.pid;
    switch (message.type) {
      case 'serving':
        this.#phase = 'serving';
        log.info(
          `The new Kirin (pid:${pid}) serves; this one (pid:${process.pid}) goes on until it is told to stop`,
        );
        break;
      case 'failed':
        log.error(`The new Kirin (pid:${pid}) cannot start: ${message.text.trimEnd()}`);
        break;
      case 'taken-over':
        this.#whenTakenOver();
        break;
    }
  }

  noteExit(
    { status, startError }: Extract<ArbiterEvent, { kind: 'successor-exit' }>,
    isStopping: boolean,
  ): void {
    const pid = this.#successor?.pid;
    this.#successor = null;
    this.#phase = 'none';
    this.#whenTakenOver();
    const fact =
      startError === null ? `(pid:${pid}) ${describeExit(status)}` : `cannot be started: ${startError}`;
    this.#options.log.error(`The new Kirin ${fact}${isStopping ? '' : '; this one goes on'}`);
  }

  /** This one is about to end. */
  async handOver(): Promise<void> {
    const successor = this.#successor;
    if (successor === null) return;
    await new Promise<void>((resolve) => {
      this.#whenTakenOver = resolve;
      setTimeout(resolve, TAKE_OVER_MS).unref();
      successor.send({ type: 'take-over' });
    });
    successor.release();
  }
}
