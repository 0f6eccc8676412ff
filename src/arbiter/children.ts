// An application's processes, as the arbiter knows them.

import type { Application } from './application.ts';

/**
 * `booting`: forked, not yet connected. `ready`: serves. `leaving`: serves, and is to be replaced. `retired`: the edge
 * feeds it no more and lets it go when it is idle.
 */
export type WorkerPhase = 'booting' | 'ready' | 'leaving' | 'retired';

export interface Worker {
  readonly pid: number;
  readonly app: Application;
  readonly generation: number;
  readonly bornMs: number;
  /** It is to be replaced from then on; Infinity for never. */
  readonly expiresAtMs: number;
  phase: WorkerPhase;
  /** Over a limit: to be replaced when its turn comes, and serving until then. */
  isSpent: boolean;
  /** It is killed at this time unless it has ended; null for never. */
  killAtMs: number | null;
  /** Why it is to be killed, for the log. */
  killReason: string;
  /** KILL was sent. */
  isKilled: boolean;
  /** When its tracebacks were asked for; null when not. */
  dumpedAtMs: number | null;
}

/** `booting`: not serving yet. `active`: the edge feeds it. `ending`: its workers leave. */
export type GenerationPhase = 'booting' | 'active' | 'ending';
/** `staying`: its workers are gone, and it lives on for the sake of server hooks. */
export type ZygotePhase = 'starting' | 'up' | 'quitting' | 'staying' | 'gone';

export interface Generation {
  /** Of all applications' generations. */
  readonly number: number;
  readonly app: Application;
  phase: GenerationPhase;
  zygote: ZygotePhase;
  readonly startedMs: number;
  /** It was active once. */
  hasServed: boolean;
  /** It was said that it takes long to boot. */
  isSlowTold: boolean;
  /** Forks that were asked for and not yet answered. */
  forking: number;
}
