// What arbiter and edge say to one another over Node's IPC channel, as JSON.

import type { Challenge } from './acme.ts';
import type { FrontSpec } from './front.ts';
import type { LoadFailure } from './load-failure.ts';
import type { RelayUse } from './relay.ts';
import type { TlsConfig } from './tls-config.ts';

/** A listening socket that the arbiter bound and the edge inherits as descriptor `fd`. */
export type ListenerSpec = {
  readonly fd: number;
  /** What is spoken on it; without it HTTPS where there is a certificate, else HTTP. */
  readonly scheme?: 'http' | 'https';
} & (
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string }
);

/** What is set about the requests for a path: on how many lanes they run. */
export interface LaneRuleSpec {
  /** null: every method. */
  readonly method: string | null;
  /** Decoded, as latin-1; `*` stands for any characters. */
  readonly path: string;
  /** Most lanes that run such requests at once; null: all. */
  readonly limit: number | null;
  /** Lanes that are kept free for such requests. */
  readonly reserve: number;
}

/** Which symbolic links are followed: none; those that stay within the folder; all. */
export type SymlinkPolicy = 'off' | 'inside' | 'follow';

/** A folder, or a file, that the edge serves by itself. */
export interface StaticMapping {
  /** `/static`; '' for the whole site. */
  readonly prefix: string;
  /** Absolute. */
  readonly folder: string;
}

export interface StaticConfig {
  readonly mappings: readonly StaticMapping[];
  /** Seconds for which clients may keep a file without asking; null: it is not said. */
  readonly maxAgeSeconds: number | null;
  /** Who answers where there is no file. */
  readonly missing: 'not-found' | 'app';
  readonly listing: boolean;
  readonly symlinks: SymlinkPolicy;
}

/** What a connection of HTTP/2 may at most do; its client is told. */
export interface Http2Limits {
  readonly maxConcurrentStreams: number;
  /** Of a stream. */
  readonly initialWindowBytes: number;
  readonly maxFrameBytes: number;
  /** Of a head, uncompressed; 0: unlimited. */
  readonly maxHeaderListBytes: number;
}

/** What the edge needs to know of one application; durations in milliseconds. */
export interface AppConfig {
  /** As kirin.toml calls it; `default` where there is but one. */
  readonly name: string;
  /** How long a request may run without a sign of life, and at most wait before that; 0: for ever. */
  readonly timeoutMs: number;
  readonly gracefulTimeoutMs: number;
  /** Requests that may wait for a worker; 0: any number. */
  readonly queueLimit: number;
  /** How long a request may wait for a worker; 0: for ever. */
  readonly queueTimeoutMs: number;
  /** A lane silent for this long is asked for what it has not started; 0: never. */
  readonly stealAfterMs: number;
  /** The first that is for a request counts. */
  readonly laneRules: readonly LaneRuleSpec[];
  /** Whether the application is told when its request arrived. */
  readonly requestStartHeader: boolean;
  /** Whether the arbiter wants `load` messages. */
  readonly reportsLoad: boolean;
  readonly maxRequests: number;
  readonly maxRequestsJitter: number;
  /** Value of the SCRIPT_NAME variable: where the application is mounted; '' for the root. */
  readonly scriptName: string;
}

/** An application as an edge finds it when it starts. */
export interface AppState {
  readonly config: AppConfig;
  /** Those whose workers may come. */
  readonly generations: readonly number[];
  /** Requests are routed to it; else it is on its way here, or away. */
  readonly isRouted: boolean;
  /** 0: none is active yet. */
  readonly activeGeneration: number;
  /** The newest code does not load, and requests are answered with that; null: they are for the application. */
  readonly loadFailure: LoadFailure | null;
}

/** The settings of the whole that the edge needs, resolved; durations in milliseconds, sizes in bytes. */
export interface EdgeConfig {
  readonly backlog: number;
  /** The longest of the applications'. */
  readonly gracefulTimeoutMs: number;
  readonly keepAliveMs: number;
  /** How long a client may take to send a whole head. */
  readonly headTimeoutMs: number;
  /** How long a client may be silent while it sends a body. */
  readonly bodyTimeoutMs: number;
  /** How long a client may take nothing of a response. */
  readonly sendTimeoutMs: number;
  /** On a graceful stop: go on serving this long after readiness has turned to 503. */
  readonly drainDelayMs: number;
  readonly limitRequestLine: number;
  readonly limitRequestFields: number;
  readonly limitRequestFieldSize: number;
  /** 0: unlimited. */
  readonly limitRequestBody: number;
  /** A body, of a request or a response, is held in memory up to this size, and in a file beyond. */
  readonly bodyBufferBytes: number;
  /** How much of a response may wait on disk for a slow client before the worker has to wait; 0: nothing. */
  readonly responseSpoolBytes: number;
  /** null: connections are not encrypted. */
  readonly tls: TlsConfig | null;
  readonly http2: Http2Limits;
  /** Trusted peers speak HTTP/2 where it is not encrypted. */
  readonly http2Cleartext: boolean;
  /** Addresses and networks, or `*`. */
  readonly forwardedAllowIps: readonly string[];
  // What is taken though HTTP wants it refused.
  readonly stripHeaderSpaces: boolean;
  readonly permitObsoleteFolding: boolean;
  readonly permitUnconventionalHttpMethod: boolean;
  readonly permitUnconventionalHttpVersion: boolean;
  readonly casefoldHttpMethod: boolean;
  /** Which versions of the PROXY protocol are read. */
  readonly proxyProtocol: 'off' | 'v1' | 'v2' | 'auto';
  /** Who may speak it: addresses and networks, or `*`. */
  readonly proxyAllowIps: readonly string[];
  /** The field by which a trusted proxy says the address of its client; null: it is the connection's. */
  readonly realIpHeader: string | null;
  /** Fields by which a trusted proxy says that its client came by TLS, and the value that says so. */
  readonly secureSchemeHeaders: readonly (readonly [name: string, value: string])[];
  /** Fields with underscores that a trusted proxy may send; `*`: all. */
  readonly forwarderHeaders: readonly string[];
  /** What becomes of other fields whose name holds an underscore. */
  readonly headerMap: 'drop' | 'refuse' | 'dangerous';
  /** Path prefix of the health pages (PREFIX/live, PREFIX/ready, PREFIX/metrics), or null. */
  readonly healthPath: string | null;
  readonly staticFiles: StaticConfig;
  readonly front: FrontSpec;
  readonly accessLog: string | null;
  readonly accessLogFormat: string;
  readonly errorLog: string;
  readonly logLevel: LogLevel;
  /** What goes to the relay; null: there is none. */
  readonly relay: RelayUse | null;
}

export type LogLevel = 'debug' | 'info' | 'warning' | 'error' | 'critical';

/** How a worker's process ended. */
export type ExitStatus = { readonly code: number } | { readonly signal: string };

/** How much the lanes had to do since the report before. */
export interface LoadReport {
  /** Requests that wait for a lane. */
  readonly queued: number;
  /** Longest wait of what waits, or was given a lane since the last report. */
  readonly waitedMs: number;
  /** Most lanes that were busy at one moment, of those that are fed. */
  readonly peakBusyLanes: number;
  /** Lanes that are fed. */
  readonly lanes: number;
}

export type ArbiterToEdge =
  /** First message: everything the edge needs to serve. */
  | {
      readonly type: 'start';
      readonly config: EdgeConfig;
      readonly apps: readonly AppState[];
      readonly listeners: readonly ListenerSpec[];
      readonly laneFd: number;
      readonly runDir: string;
    }
  /** Certificates have changed, and nothing else. */
  | { readonly type: 'certificates'; readonly tls: TlsConfig }
  /** From now on this holds, for the next request on each connection. */
  | { readonly type: 'configure'; readonly config: EdgeConfig }
  /** Workers of this generation will come. An application that is not known yet begins with this configuration. */
  | { readonly type: 'generation-started'; readonly generation: number; readonly app: AppConfig }
  | { readonly type: 'generation-over'; readonly generation: number }
  /** New requests for the application go to this generation only, under this configuration; lanes of others are fed no more. */
  | { readonly type: 'activate'; readonly generation: number; readonly app: AppConfig }
  /** With --reload: the newest code does not load. Until a generation is activated, this is the answer to every request. */
  | { readonly type: 'load-failed'; readonly app: string; readonly failure: LoadFailure }
  /** No request is routed to it any more: answer `app-drained` when all are answered that were. */
  | { readonly type: 'drain-app'; readonly app: string }
  | { readonly type: 'forget-app'; readonly app: string }
  /** Feed this worker no more; when nothing of it runs, tell it to quit. */
  | { readonly type: 'retire'; readonly app: string; readonly pid: number }
  | {
      readonly type: 'worker-exited';
      readonly app: string;
      readonly pid: number;
      readonly running: readonly number[];
    }
  | { readonly type: 'reopen-logs' }
  /** All that there are now; answer `challenges-served` with the same number. */
  | { readonly type: 'challenges'; readonly number: number; readonly challenges: readonly Challenge[] }
  /** Answer `pong` with the same id. */
  | { readonly type: 'ping'; readonly id: number }
  /** Stop: drain within `graceMs`, answer `drained`, exit 0. `quick`: without the drain delay. */
  | { readonly type: 'drain'; readonly graceMs: number; readonly quick: boolean };

export type EdgeToArbiter =
  /** Listening on every socket. */
  | { readonly type: 'listening' }
  /** listen(2) failed on this socket, in `code` such as EADDRINUSE; the edge exits. */
  | { readonly type: 'listen-failed'; readonly fd: number; readonly code: string }
  | { readonly type: 'worker-ready'; readonly pid: number; readonly generation: number }
  /** A request is past its deadline: the client has its 504, and the worker was told to interrupt it. */
  | {
      readonly type: 'worker-overdue';
      readonly pid: number;
      readonly request: string;
      readonly ageMs: number;
    }
  /** Only overdue requests are left on this worker: kill it. */
  | { readonly type: 'worker-condemned'; readonly pid: number }
  /** The worker has had as many requests as it may: it goes on serving until its turn to be replaced. */
  | { readonly type: 'worker-spent'; readonly pid: number; readonly requests: number }
  /** The worker asks to leave: fork another, then `retire` this one. */
  | { readonly type: 'worker-leaving'; readonly pid: number; readonly reason: string }
  /** Once a second while `reportsLoad`. */
  | ({ readonly type: 'load'; readonly app: string } & LoadReport)
  | { readonly type: 'app-drained'; readonly app: string }
  | { readonly type: 'pong'; readonly id: number }
  | { readonly type: 'challenges-served'; readonly number: number }
  | { readonly type: 'drained' };
