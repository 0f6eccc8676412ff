// What a run of the benchmark measured, round by round; the report and the JSON file are made from it.

import type { Turn } from './measure.ts';
import type { ServerName } from './servers.ts';
import type { Direction, Transfer } from './transfers.ts';

/** One application at one number of connections. */
export interface Cell {
  readonly app: string;
  readonly connections: number;
  /** By server; null for a round in which it failed. */
  readonly turns: Partial<Record<ServerName, readonly (Turn | null)[]>>;
}

export interface Results {
  readonly machine: string;
  readonly versions: string;
  readonly settings: string;
  readonly cells: readonly Cell[];
  /** Milliseconds from start to first response of hello, start by start. */
  readonly starts: Partial<Record<ServerName, readonly number[]>>;
  /** Megabytes of PSS of all processes, by application: at rest, after the load. */
  readonly memory: Readonly<Record<string, Partial<Record<ServerName, number>>>>;
  readonly transfers: Partial<Record<ServerName, Readonly<Record<Direction, Transfer>>>>;
  /** What was not measured and why: not installed, did not start, failed under load. */
  readonly notMeasured: readonly string[];
}
