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
  /** Python's logging does all the writing; null: Kirin writes its files itself. */
  readonly logging: {
    readonly config: LogConfigSpec;
    readonly errorLog: string;
    readonly accessLog: string | null;
    readonly accessLogFormat: string;
    readonly logLevel: string;
    readonly chdir: string;
    readonly pythonPath: readonly string[];
    readonly pythonPathEnd: readonly string[];
  } | null;
}

/** What the settings logconfig, logconfig_json and logconfig_dict say: a dict, a file, or a configuration file whose dict JSON cannot hold. */
export type LogConfigSpec =
  | { readonly kind: 'dict'; readonly value: object }
  | { readonly kind: 'json' | 'ini'; readonly path: string }
  | {
      readonly kind: 'file';
      readonly location: string;
      readonly cwd: string;
      readonly argv: readonly string[];
    };

export type ArbiterToRelay =
  | ({ readonly type: 'start' } & RelaySpec)
  /** Whoever connects from now on reaches this one. */
  | { readonly type: 'serve' }
  /** After a rotation of files. */
  | { readonly type: 'reopen' }
  /** Another serves: send everybody there, take what they have sent, and end. */
  | { readonly type: 'hand-over' }
  /** End when nobody is connected any more. */
  | { readonly type: 'end' };

export type RelayToArbiter =
  | {
      readonly type: 'ready';
      /** Of the error log, as Python's logging has it configured. */
      readonly level: number;
      /** Whether requests are logged at all. */
      readonly access: boolean;
      /** Whether more is wanted of them than their lines. */
      readonly atoms: boolean;
    }
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
  /** And what they are made of. */
  readonly atoms: boolean;
  /** What it is sent is written there alone, from this level on. */
  readonly onlyFrom: number | null;
  /** Metrics of requests and workers. */
  readonly metrics: boolean;
  /** And how many requests wait. */
  readonly backlog: boolean;
}
