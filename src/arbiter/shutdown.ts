import type { StopPhase } from './fleet.ts';

/** How much later than it said the edge may be before it is given up. */
const EDGE_SLACK_MS = 1000;
/** How long before the edge stops listening the arbiter lets go of the sockets. */
const CLOSE_AHEAD_MS = 100;
/** What workers get at least to end in order: atexit handlers, threads. */
const MIN_QUIT_GRACE_MS = 1000;
/** Grace of a quick stop (INT, QUIT): what was accepted is answered, unless it takes this long. */
const QUICK_GRACE_MS = 5000;
/** Workers' grace when a second signal says not to wait. */
const HURRIED_QUIT_GRACE_MS = 300;
/** How long zygotes and edge are waited for after the workers' grace has run out. */
const LAST_WAIT_MS = 2000;

export type StopKind = 'graceful' | 'quick';

/** The timetable of one stop. Pure: times come in, deadlines come out. */
export class Shutdown {
  readonly kind: StopKind;
  /** The edge's share, drain delay included: within this it answers what was accepted. */
  readonly graceMs: number;
  /**
   * The arbiter closes its copies of the listening sockets then: while it holds them, the system goes on completing connections
   * that the edge does not accept any more.
   */
  readonly closeListenersAtMs: number;
  #drainedByMs: number;
  #isHurried = false;
  #overByMs = Number.POSITIVE_INFINITY;

  constructor(
    kind: StopKind,
    nowMs: number,
    config: { readonly gracefulTimeoutMs: number; readonly drainDelayMs: number },
  ) {
    this.kind = kind;
    const isQuick = kind === 'quick';
    const delayMs = isQuick ? 0 : config.drainDelayMs;
    this.graceMs =
      delayMs + Math.min(config.gracefulTimeoutMs, isQuick ? QUICK_GRACE_MS : Number.POSITIVE_INFINITY);
    this.#drainedByMs = nowMs + this.graceMs;
    this.closeListenersAtMs = Math.max(nowMs, nowMs + delayMs - CLOSE_AHEAD_MS);
  }

  /** A second signal: no more waiting. */
  hurry(nowMs: number): void {
    this.#isHurried = true;
    this.#drainedByMs = Math.min(this.#drainedByMs, nowMs);
    this.#overByMs = Math.min(this.#overByMs, nowMs + HURRIED_QUIT_GRACE_MS + LAST_WAIT_MS);
  }

  /** The edge is given up at this time. */
  get edgeGivenUpAtMs(): number {
    return this.#drainedByMs + (this.#isHurried ? HURRIED_QUIT_GRACE_MS : EDGE_SLACK_MS);
  }

  /** What zygotes and workers get, from now on. */
  quitGraceMs(nowMs: number): number {
    const graceMs = this.#isHurried
      ? HURRIED_QUIT_GRACE_MS
      : Math.max(MIN_QUIT_GRACE_MS, Math.round(this.#drainedByMs - nowMs));
    this.#overByMs = Math.min(this.#overByMs, nowMs + graceMs + LAST_WAIT_MS);
    return graceMs;
  }

  /** When to look again although nothing has happened. */
  nextDeadlineMs(phase: StopPhase, nowMs: number): number {
    if (phase !== 'draining') return this.#overByMs;
    return nowMs < this.closeListenersAtMs ? this.closeListenersAtMs : this.edgeGivenUpAtMs;
  }

  /** Whatever is left then is killed. */
  get overByMs(): number {
    return this.#overByMs;
  }
}
