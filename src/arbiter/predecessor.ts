import type {
  NewToOld,
  OfferedSocket,
  OldToNew,
  TicketSecretFacts,
  UpgradeOffer,
} from '../protocol/supervision/upgrade.ts';
import type { InheritedAddress } from './systemd-sockets.ts';

/** Removed as soon as it is read: it must not reach a kirin that an application starts. */
export const UPGRADE_VARIABLE = 'KIRIN_UPGRADE';

/** The Kirin that has started this one to take its place, as this one sees it. successor.ts is its own view. */
export class Predecessor {
  readonly pid: number;
  /** Sockets that were opened for it by systemd. */
  readonly opened: readonly InheritedAddress[];
  readonly #sockets: OfferedSocket[];
  #isGone = false;
  #onGone: () => void = () => {};
  #tellTicketSecret: (facts: TicketSecretFacts | null) => void = () => {};
  /** Settled once it has said, or is gone; null: it has none. */
  readonly ticketSecret: Promise<TicketSecretFacts | null>;

  constructor({ pid, sockets, opened, tellsTicketSecret = false }: UpgradeOffer) {
    this.pid = pid;
    this.opened = opened.map((socket) => ({ kind: 'fd', ...socket }));
    this.#sockets = [...sockets];
    this.ticketSecret = new Promise((resolve) => {
      this.#tellTicketSecret = resolve;
      if (!tellsTicketSecret || !process.connected) resolve(null);
    });
    process.on('message', this.#hear).on('disconnect', this.#lose);
  }

  /** It has ended, or is about to: its pid file and the files of its unix sockets are this one's. */
  get isGone(): boolean {
    return this.#isGone;
  }

  /** The descriptor of its socket for this address; each is given once. */
  takeSocket(address: string): number | null {
    const index = this.#sockets.findIndex((socket) => socket.address === address);
    return index < 0 ? null : (this.#sockets.splice(index, 1)[0]?.fd ?? null);
  }

  /** What nobody has taken. */
  takeRest(): OfferedSocket[] {
    return this.#sockets.splice(0);
  }

  /** Calls when it is gone, also when it is already. */
  whenGone(callback: () => void): void {
    this.#onGone = callback;
    if (this.#isGone || !process.connected) this.#lose();
  }

  tell(message: NewToOld): void {
    if (process.connected) process.send?.(message, undefined, undefined, () => {});
  }

  /** It hears no more, and keeps this process from ending no more. */
  release(): void {
    process.off('message', this.#hear).off('disconnect', this.#lose);
    if (process.connected) process.disconnect();
  }

  readonly #hear = (message: OldToNew): void => {
    switch (message.type) {
      case 'ticket-secret':
        this.#tellTicketSecret(message.facts);
        break;
      case 'take-over':
        this.#lose();
        this.tell({ type: 'taken-over' });
        break;
    }
  };

  readonly #lose = (): void => {
    this.#isGone = true;
    this.#tellTicketSecret(null);
    const callback = this.#onGone;
    this.#onGone = () => {};
    callback();
  };
}

/** null: this process was not started by a USR2. */
export function takePredecessor(env: NodeJS.ProcessEnv): Predecessor | null {
  const text = env[UPGRADE_VARIABLE];
  delete env[UPGRADE_VARIABLE];
  // Without a channel the variable is left over from somebody else's environment.
  if (text === undefined || process.send === undefined) return null;
  return new Predecessor(JSON.parse(text) as UpgradeOffer);
}
