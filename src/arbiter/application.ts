import { BackOff } from './back-off.ts';
import type { Generation } from './children.ts';
import type { Fleet } from './fleet.ts';

/**
 * `awaited`: a reload has added it, and requests are routed to it when it serves. `there`: they are. `unwanted`: the newest configuration
 * does without it, and is not in force yet. `draining`: what was routed to it is answered. `leaving`: its generations end.
 */
export type Standing = 'awaited' | 'there' | 'unwanted' | 'draining' | 'leaving';

/** What the arbiter knows of one application: how many workers it should have, and how its generations have fared. */
export class Application {
  readonly name: string;
  readonly #fleet: Fleet;
  /** How many workers are wanted. 0: Kirin stands by, without an edge; clients wait in the sockets, or another Kirin has them. */
  wanted: number;
  gracefulMs: number;
  #standing: Standing;
  /** It was there when Kirin started. */
  readonly isOriginal: boolean;
  /** Requests for it are answered until this time, unless they are sooner. */
  drainedByMs = Number.POSITIVE_INFINITY;
  /** The reload that is being prepared is for it, too. */
  isReloadAsked = false;
  /** There is a plan for its next generation, which has not begun. */
  isReloadDue = false;
  /** It has served: from now on no generation that fails to boot ends it. */
  hasServed = false;
  /** Nothing more is tried until the source files change: --reload with an application that does not boot. */
  awaitsChange = false;
  /** Workers that end before they are ready. A long pause costs nothing: they would not have served. */
  readonly bootFailures = new BackOff({ maxPauseMs: 30_000, isFirstFree: false });
  /** Workers that end soon after they were ready. A pause costs capacity, so it stays short. */
  readonly youngDeaths = new BackOff({ maxPauseMs: 1_000, isFirstFree: true });
  /** Zygotes that end unasked. */
  readonly zygoteFailures = new BackOff({ maxPauseMs: 30_000, isFirstFree: true });

  constructor(fleet: Fleet, name: string, wanted: number, gracefulMs: number, standing: Standing) {
    this.#fleet = fleet;
    this.name = name;
    this.wanted = wanted;
    this.gracefulMs = gracefulMs;
    this.#standing = standing;
    this.isOriginal = standing === 'there';
  }

  get standing(): Standing {
    return this.#standing;
  }

  /** The oldest first. */
  get generations(): Generation[] {
    return [...this.#fleet.generations.values()].filter(({ app }) => app === this);
  }

  get active(): Generation | undefined {
    return this.generations.find(({ phase }) => phase === 'active');
  }

  /** The generation that is to become the active one. */
  get candidate(): Generation | undefined {
    return this.generations.find(({ phase }) => phase === 'booting');
  }

  /** Requests may be routed to it: it serves, or with --reload its failure is shown. */
  get isRoutable(): boolean {
    return this.#standing !== 'awaited' || this.active !== undefined || this.awaitsChange;
  }

  /** Another generation is about to take the active one's place. */
  get isReloading(): boolean {
    return this.isReloadAsked || this.isReloadDue || this.candidate !== undefined;
  }

  // --- what becomes of it ---------------------------------------------------------------------------------

  /** The newest plan has it. */
  keep(): void {
    const isLate = this.#standing === 'draining' || this.#standing === 'leaving';
    if (isLate) this.#standing = this.active === undefined ? 'awaited' : 'there';
    else if (this.#standing === 'unwanted') this.#standing = 'there';
    this.drainedByMs = Number.POSITIVE_INFINITY;
  }

  /** The newest plan does without it: its code, which may be gone, is not loaded anew. */
  giveUp(): void {
    this.isReloadDue = false;
    if (this.#standing === 'awaited') this.leave();
    else if (this.#standing === 'there') this.#standing = 'unwanted';
  }

  /** What the newest plan says of the edge is in force: requests go where it sends them. */
  frontApplied(): void {
    if (this.#standing === 'awaited') this.#standing = 'there';
    else if (this.#standing === 'unwanted') this.#standing = 'draining';
  }

  /** An application that it needs does not load: what was in force stays so. */
  frontGivenUp(): void {
    if (this.#standing === 'awaited') this.leave();
    else if (this.#standing === 'unwanted') this.#standing = 'there';
  }

  /** The edge has nothing left that it is to answer, or is gone. */
  drained(): void {
    if (this.#standing === 'draining') this.leave();
  }

  /** Nothing is left to be answered by it. */
  leave(): void {
    this.#standing = 'leaving';
    this.isReloadDue = false;
    for (const generation of this.generations) generation.phase = 'ending';
  }
}
