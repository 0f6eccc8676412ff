// What a Kirin that is being replaced (USR2) and the one that it has started say to one another: the offer in a variable of the
// environment, everything else over Node's IPC channel, as JSON.

/** A socket that the new one gets, and the address that it is for: `tcp:127.0.0.1:8000`, `unix:/run/app.sock`, `fd:3`. */
export interface OfferedSocket {
  readonly fd: number;
  readonly address: string;
}

/** Value of the variable KIRIN_UPGRADE. */
export interface UpgradeOffer {
  readonly pid: number;
  readonly sockets: readonly OfferedSocket[];
  /** Those that systemd had opened, by their numbers then: they still take the place of addresses to bind. */
  readonly opened: readonly {
    readonly fd: number;
    readonly text: string;
    readonly scheme?: 'http' | 'https';
  }[];
  /** `ticket-secret` comes first over the channel: a variable can be read in /proc. Earlier versions have none. */
  readonly tellsTicketSecret?: boolean;
}

/** What keys for session tickets are made of. */
export interface TicketSecretFacts {
  /** Base64. */
  readonly value: string;
  readonly bornMs: number;
}

export type OldToNew =
  | { readonly type: 'ticket-secret'; readonly facts: TicketSecretFacts }
  /** The old one is about to end: the pid file is the new one's. When the channel ends unannounced, it is, too. */
  | { readonly type: 'take-over' };

export type NewToOld =
  /** A worker of it serves. */
  | { readonly type: 'serving' }
  /** It cannot start, for this reason. */
  | { readonly type: 'failed'; readonly text: string }
  | { readonly type: 'taken-over' };
