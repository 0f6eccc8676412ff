// What arbiter and relay say to one another: one JSON object a line, over the relay's descriptor 3. The Python half is
// python/kirin_worker/relay.py. What everybody sends to its socket is RelayRecord (src/observe/relay-client.ts).

import type { StatsdAddress } from '../../base/statsd-address.ts';
import type { SyslogAddress } from '../../base/syslog-address.ts';

/** Everything that a relay needs to know. */
export interface RelaySpec {
  /** The unix socket that records come to. */
  readonly path: string;
  /** For the process title. */
  readonly name: string;
  readonly syslog: {
    readonly address: SyslogAddress;
    readonly facility: number;
    /** `NAME` of `gunicorn.NAME.error`. */
    readonly prefix: string;
  } | null;
  readonly statsd: {
    readonly address: StatsdAddress;
    readonly prefix: string;
    /** Separated by commas; '': none. */
    readonly tags: string;
  } | null;
}

export type ArbiterToRelay =
  | ({ readonly type: 'start' } & RelaySpec)
  /** Whoever connects from now on reaches this one. */
  | { readonly type: 'serve' }
  /** Another serves: send everybody there, take what they have sent, and end. */
  | { readonly type: 'hand-over' }
  /** End when nobody is connected any more. */
  | { readonly type: 'end' };

export type RelayToArbiter =
  | { readonly type: 'ready' }
  /** It cannot start. */
  | { readonly type: 'failed'; readonly error: string }
  | { readonly type: 'problem'; readonly message: string };

/** What the other processes send to the relay, when there is one. */
export interface RelayUse {
  readonly path: string;
  /** Lines of the error log. */
  readonly errors: boolean;
  /** Lines of the access log. */
  readonly access: boolean;
  /** Metrics of requests and workers. */
  readonly metrics: boolean;
  /** And how many requests wait. */
  readonly backlog: boolean;
}
