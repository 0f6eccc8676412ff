import type { EdgeConfig } from '../protocol/supervision/edge.ts';
import type { EdgeKeeper } from './edge-keeper.ts';
import type { Outcome } from './events.ts';
import type { Fleet } from './fleet.ts';
import type { Log } from './log.ts';
import type { RunFolder } from './run-folder.ts';
import { Shutdown, type StopKind } from './shutdown.ts';

/** What workers of a generation that never served get to end. */
const ABANDONED_GRACE_MS = 1000;

/** Every application's zygotes and workers. */
export interface AllGenerations {
  readonly hasZygotes: boolean;
  /** Calls the server hooks for a quick stop. */
  interrupt(): void;
  /** Says again, to all, that there is less time. */
  hurry(graceMs: number): void;
  killAll(): void;
}

export interface EndingOptions {
  readonly fleet: Fleet;
  readonly generations: AllGenerations;
  readonly edge: EdgeKeeper;
  readonly runFolder: RunFolder;
  readonly log: Log;
  readonly closeListeners: () => void;
}

/** A stop, from the signal to the last process's end: carries out the timetable of shutdown.ts. */
export class Ending {
  readonly #options: EndingOptions;
  #shutdown: Shutdown | null = null;
  #outcome: Outcome = { kind: 'exit', code: 0, reason: null };

  constructor(options: EndingOptions) {
    this.#options = options;
  }

  get hasBegun(): boolean {
    return this.#shutdown !== null;
  }

  get outcome(): Outcome {
    return this.#outcome;
  }

  /** When to look again although nothing has happened; Infinity while nothing ends. */
  wakeAtMs(nowMs: number): number {
    return this.#shutdown?.nextDeadlineMs(this.#options.fleet.stop, nowMs) ?? Number.POSITIVE_INFINITY;
  }

  /** What a zygote gets that is told to end now. */
  quitGraceMs(nowMs: number): number {
    return this.#shutdown?.quitGraceMs(nowMs) ?? ABANDONED_GRACE_MS;
  }

  /** Again: with no more patience. */
  stop(kind: StopKind, config: EdgeConfig, nowMs: number): void {
    const { fleet, generations, edge } = this.#options;
    if (kind === 'quick') generations.interrupt();
    if (this.#shutdown !== null) {
      this.#hurry(this.#shutdown, nowMs);
      return;
    }
    this.#shutdown = new Shutdown(kind, nowMs, config);
    fleet.stop = edge.isThere ? 'draining' : 'quitting';
    this.advance(nowMs);
    edge.send({ type: 'drain', graceMs: this.#shutdown.graceMs, quick: kind === 'quick' });
  }

  #hurry(shutdown: Shutdown, nowMs: number): void {
    const { fleet, generations, edge } = this.#options;
    shutdown.hurry(nowMs);
    edge.send({ type: 'drain', graceMs: 0, quick: true });
    if (fleet.stop === 'quitting') generations.hurry(shutdown.quitGraceMs(nowMs));
  }

  /** Everything at once, for a failure at the start. */
  fail(outcome: Outcome, config: EdgeConfig, nowMs: number): void {
    if (this.#shutdown !== null) return;
    this.#outcome = outcome;
    this.stop('quick', config, nowMs);
    this.stop('quick', config, nowMs);
  }

  /** The edge has nothing left to answer, or is gone. */
  edgeDrained(): void {
    const { fleet } = this.#options;
    if (fleet.stop === 'draining') fleet.stop = 'quitting';
  }

  /** Does what is due by now. */
  advance(nowMs: number): void {
    const shutdown = this.#shutdown;
    if (shutdown === null) return;
    const { fleet, generations, edge, runFolder, log, closeListeners } = this.#options;
    if (nowMs >= shutdown.closeListenersAtMs) closeListeners();
    if (fleet.stop === 'draining' && nowMs >= shutdown.edgeGivenUpAtMs) {
      edge.kill();
      fleet.stop = 'quitting';
    }
    if (fleet.stop !== 'quitting') return;
    // A worker that has just come waits there for an edge to accept it: now it learns that none will.
    runFolder.laneSocket.close();
    if (!edge.isThere && !generations.hasZygotes) fleet.stop = 'over';
    if (nowMs < shutdown.overByMs) return;
    log.error('What is left after the grace is killed');
    edge.killAtLast();
    generations.killAll();
    fleet.stop = 'over';
  }
}
