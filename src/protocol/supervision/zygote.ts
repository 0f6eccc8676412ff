// What arbiter and zygote say to one another: one JSON object a line, over the zygote's descriptor 3.
// The Python half is python/kirin_worker/zygote.py.

import type { ExitStatus, LogLevel } from './edge.ts';
import type { LoadFailure } from './load-failure.ts';
import type { LogConfigSpec } from './relay.ts';

/** Everything a zygote and its workers need; the first line that the arbiter sends. */
export interface BootSpec {
  readonly type: 'boot';
  readonly generation: number;
  /** As the user typed it: `module:attribute`, `module`, `module:factory('x', y=1)`. */
  readonly app: string;
  /** The application is described in a PasteDeploy file (absolute), in the section of this name, or main; null: `app` is a module. */
  readonly paste: {
    readonly file: string;
    readonly app: string | null;
    readonly globals: Readonly<Record<string, string>>;
  } | null;
  readonly chdir: string;
  /** Each comes first in sys.path, before the one before it. */
  readonly pythonPath: readonly string[];
  /** These come last. */
  readonly pythonPathEnd: readonly string[];
  readonly preload: boolean;
  readonly workerClass: 'sync' | 'gthread' | 'gevent';
  /** Lanes that a worker has at first; where they are threads, all. */
  readonly threads: number;
  readonly maxLanes: number;
  /** At most. */
  readonly workers: number;
  /** The unix socket that lanes connect to. */
  readonly lanePath: string;
  /** Removed by the zygote if the arbiter is killed and cannot. */
  readonly runDir: string;
  /** Listening sockets that Kirin was given and that this process has inherited with it; they are the edge's. */
  readonly closeFds: readonly number[];
  readonly scriptName: string;
  /** `-` for standard error, or a file. */
  readonly errorLog: string;
  readonly captureOutput: boolean;
  readonly logLevel: LogLevel;
  readonly colour: boolean;
  /** The relay's socket, where the error log's lines go besides; null: nowhere. */
  readonly relay: string | null;
  /** How Python's logging is configured, and the error log with it; null: as Kirin has it. */
  readonly logConfig: LogConfigSpec | null;
  /** For the process title; null for none. */
  readonly name: string | null;
  /** Report the files of the loaded modules, for `--reload`. */
  readonly reportModules: boolean;
  /** Print every line of Python that runs. */
  readonly spew: boolean;
  readonly gracefulTimeoutMs: number;
  /** The server hooks of the configuration file; null: it has none. */
  readonly hooks: HookSpec | null;
}

/** What a zygote needs to run the server hooks that a configuration file defines. */
export interface HookSpec extends HookFile, HookOccasion {}

/** The file as python/kirin_worker/conf.py has run it: the zygote runs it once more. */
export interface HookFile {
  /** Absolute path, or `python:MODULE`. */
  readonly location: string;
  readonly cwd: string;
  /** Its sys.argv. */
  readonly argv: readonly string[];
  /** The hooks that are to be run, of those that it defines. */
  readonly names: readonly string[];
  /** What variables were, or (null) that they were not there, before the file has changed the environment. */
  readonly environment: Readonly<Record<string, string | null>>;
  /** `cfg`: every setting under Gunicorn's name and with its type. */
  readonly settings: Readonly<Record<string, unknown>>;
}

/** What hooks find when their generation starts. */
export interface HookOccasion {
  readonly arbiterPid: number;
  /** Of the Kirin that this one is to replace (USR2); 0: there is none. */
  readonly predecessorPid: number;
  /** It replaces one that serves: on_reload is called, and neither on_starting nor when_ready. */
  readonly isReload: boolean;
  /** How many are wanted. */
  readonly workers: number;
  /** What nworkers_changed was told last; null at the start. */
  readonly workersBefore: number | null;
  /** Workers that were forked so far. */
  readonly workerAge: number;
  readonly listeners: readonly HookListener[];
}

export interface HookListener {
  readonly url: string;
  /** Of a unix socket; null for TCP. */
  readonly path: string | null;
  readonly host: string;
  readonly port: number;
}

export type ArbiterToZygote =
  | BootSpec
  | { readonly type: 'fork' }
  /** Sent only to a process that the zygote has not reaped yet. `dump`: write every thread's traceback to the log, also when stuck in C. */
  | { readonly type: 'signal'; readonly pid: number; readonly signal: 'TERM' | 'KILL' | 'dump' }
  | { readonly type: 'reopen-logs' }
  /** Run this server hook, and answer `hook-done`. A zygote that was told to start with `when_ready` boots no further without. */
  | { readonly type: 'hook'; readonly name: 'when_ready' | 'pre_exec' }
  /** Another number of workers is wanted: for the hook nworkers_changed. */
  | { readonly type: 'workers'; readonly count: number }
  /** Send INT to every worker: for the hook worker_int, at a quick stop. */
  | { readonly type: 'interrupt' }
  /**
   * End all workers that are left (TERM, then KILL after the grace), then exit with 0, unless it is to stay: for threads that server
   * hooks have started, if there are any, or because no other generation follows. It says `stays` then. `runsOnExit`: it is the last,
   * and runs the hook on_exit.
   */
  | {
      readonly type: 'quit';
      readonly graceMs: number;
      readonly stay: 'no' | 'for threads' | 'yes';
      readonly runsOnExit: boolean;
    };

export type ZygoteToArbiter =
  /** Ready to fork (with preload: the application is loaded). */
  | { readonly type: 'booted'; readonly version: string }
  | { readonly type: 'forked'; readonly pid: number }
  | { readonly type: 'fork-failed'; readonly error: string }
  /** `running`: ids of the requests that the worker was executing when it ended. */
  | ({
      readonly type: 'exited';
      readonly pid: number;
      readonly running: readonly number[];
    } & ExitStatus)
  | { readonly type: 'hook-done'; readonly hook: string; readonly failed: boolean }
  /** A server hook has failed without which the generation cannot start; the zygote ends with this code. */
  | { readonly type: 'hook-failed'; readonly hook: string; readonly code: number }
  /** Its workers are gone; it lives on for threads that server hooks have started. */
  | { readonly type: 'stays' }
  /** A server hook has set server.num_workers. */
  | { readonly type: 'set-workers'; readonly count: number }
  /** For --reload: absolute paths of source files of the modules a worker has loaded. */
  | { readonly type: 'modules'; readonly files: readonly string[] }
  /** For --reload, in place of a line in the log: why the application could not be loaded, and the files that were involved. */
  | {
      readonly type: 'load-failed';
      readonly failure: LoadFailure & { readonly files: readonly string[] };
    };
