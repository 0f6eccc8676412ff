// What a run measured, round by round; the report, the verdict and the JSON file are made from it.

import type { ServerName } from '../whole/servers.ts';
import type { TurnResult } from './turn.ts';

/** One scenario at one load. */
export interface Cell {
  readonly scenario: string;
  /** Share of the capacity. */
  readonly load: number;
  /** What was offered; null when each server was offered a share of its own capacity. */
  readonly perSecond: number | null;
  /** By server; null for a round in which it failed. */
  readonly turns: Partial<Record<ServerName, readonly (TurnResult | null)[]>>;
}

/** Requests per second of hello from a closed loop, round by round. */
export interface StealingRounds {
  readonly on: readonly number[];
  readonly off: readonly number[];
}

export interface Results {
  readonly machine: string;
  readonly versions: string;
  readonly settings: string;
  readonly cells: readonly Cell[];
  readonly stealing: StealingRounds | null;
  /** What was not measured, or not as described, and why. */
  readonly notes: readonly string[];
}
