// What arbiter and zygote say to one another: one JSON object a line, over the zygote's descriptor 3.
// The Python half is python/kirin_worker/zygote.py.

import type { ExitStatus, LogLevel } from './edge.ts';
import type { LoadFailure } from './load-failure.ts';

/** Everything a zygote and its workers need; the first line that the arbiter sends. */
export interface BootSpec {
  readonly type: 'boot';
  readonly generation: number;
  /** As the user typed it: `module:attribute`, `module`, `module:factory('x', y=1)`. */
  readonly app: string;
  readonly chdir: string;
  /** Each comes first in sys.path, before the one before it. */
  readonly pythonPath: readonly string[];
  /** These come last. */
  readonly pythonPathEnd: readonly string[];
  readonly preload: boolean;
  readonly threads: number;
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
  /** For the process title; null for none. */
  readonly name: string | null;
  /** Report the files of the loaded modules, for `--reload`. */
  readonly reportModules: boolean;
  /** Print every line of Python that runs. */
  readonly spew: boolean;
  readonly gracefulTimeoutMs: number;
}

export type ArbiterToZygote =
  | BootSpec
  | { readonly type: 'fork' }
  /** Sent only to a process that the zygote has not reaped yet. `dump`: write every thread's traceback to the log, also when stuck in C. */
  | { readonly type: 'signal'; readonly pid: number; readonly signal: 'TERM' | 'KILL' | 'dump' }
  | { readonly type: 'reopen-logs' }
  /** End all workers that are left (TERM, then KILL after the grace), then exit with 0. */
  | { readonly type: 'quit'; readonly graceMs: number };

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
  /** For --reload: absolute paths of source files of the modules a worker has loaded. */
  | { readonly type: 'modules'; readonly files: readonly string[] }
  /** For --reload, in place of a line in the log: why the application could not be loaded, and the files that were involved. */
  | {
      readonly type: 'load-failed';
      readonly failure: LoadFailure & { readonly files: readonly string[] };
    };
