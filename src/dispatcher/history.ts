// What is known of how long requests take, by route. Only requests that have proved fast are pipelined; those that have
// proved slow leave the last free lane to others.

import type { LaneRule, LaneRules } from './lane-rules.ts';

/** Below this mean service time a route counts as fast: a request behind it waits less than a wake-up of an idle worker takes on a busy machine. */
const FAST_US = 1000;
/** One request that took this long ends the trust in its route: whoever waited behind it had to be stolen. */
const BREACH_US = 5000;
/** How many requests in a row, none of them a breach, a path must have had to be believed. */
const PROOF = 8;
/** The same for all paths of one folder, which stand in for a path not seen before (/user/17). */
const FOLDER_PROOF = 32;
/** A route that breaks the trust within this many requests of gaining it has to prove twice as many the next time … */
const RELAPSE = 256;
/** … up to this many: one that is slow now and then is hardly ever pipelined. */
const MAX_PROOF = 256;
/** Weight of the newest sample. A hiccup of 4 ms does not make a fast route slow. */
const WEIGHT = 1 / 8;
/** What takes less than a quarter of the mean weighs more: a route that is fast again is known to be after a few requests. */
const RECOVERY_WEIGHT = 1 / 2;
/** A route is short if it typically takes no longer than this. */
const SHORT_US = 2000;
/** A route is slow if it typically takes this long … */
const SLOW_US = 10_000;
/** … and this many times what requests in general take: where all are slow, none gives way. */
const SLOW_RATIO = 4;
/**
 * By how much a sample moves the typical time towards itself, whatever its size: then half of the requests take less and half more,
 * and a few that take very long change nothing. Of all requests, and, as there are fewer of them, of one route.
 */
const GENERAL_STEP = 1.05;
const ROUTE_STEP = 1.5;
/** Paths remembered before the older half is forgotten. */
const MAX_ROUTES = 4096;

export class Route {
  /** The configuration's word on it. */
  readonly rule: LaneRule | null;
  readonly #history: RouteHistory;
  readonly #folder: Route | null;
  #samples = 0;
  #meanUs = 0;
  #typicalUs = 0;
  /** Requests since the last breach. */
  #streak = 0;
  #proof: number;

  constructor(history: RouteHistory, folder: Route | null, proof: number, rule: LaneRule | null) {
    this.#history = history;
    this.#folder = folder;
    this.#proof = proof;
    this.rule = rule;
  }

  /** Who knows more: the path, once it has had a few requests, or its folder. */
  get #witness(): Route {
    return this.#samples >= PROOF || this.#folder === null ? this : this.#folder;
  }

  /** Mean service time in µs. */
  get estimateUs(): number {
    return this.#witness.#meanUs;
  }

  /** Where lanes are counted, each of its requests has one to itself. */
  get #isLimited(): boolean {
    return this.rule !== null && this.rule.limit !== Number.POSITIVE_INFINITY;
  }

  get isFast(): boolean {
    if (this.#isLimited) return false;
    const witness = this.#witness;
    return witness.#streak >= witness.#proof && witness.#meanUs < FAST_US;
  }

  /** Half of its requests take less than this, half more. */
  get typicalUs(): number {
    return this.#witness.#typicalUs;
  }

  get isShort(): boolean {
    const { typicalUs } = this;
    return typicalUs > 0 && typicalUs <= SHORT_US && !this.#isLimited;
  }

  get isSlow(): boolean {
    const { typicalUs } = this;
    return typicalUs >= SLOW_US && typicalUs >= SLOW_RATIO * this.#history.typicalUs;
  }

  record(serviceUs: number): void {
    this.#history.note(serviceUs);
    this.#add(serviceUs);
    if (this.#folder !== null) this.#folder.#add(serviceUs);
  }

  #add(serviceUs: number): void {
    if (this.#samples === 0) {
      this.#meanUs = serviceUs;
    } else {
      const weight = serviceUs * 4 < this.#meanUs ? RECOVERY_WEIGHT : WEIGHT;
      this.#meanUs += (serviceUs - this.#meanUs) * weight;
    }
    this.#samples += 1;
    this.#typicalUs = towards(serviceUs, this.#typicalUs, ROUTE_STEP);
    if (serviceUs < BREACH_US) {
      this.#streak += 1;
      return;
    }
    if (this.#streak >= this.#proof) {
      const base = this.#folder === null ? FOLDER_PROOF : PROOF;
      this.#proof = this.#streak < this.#proof + RELAPSE ? Math.min(this.#proof * 2, MAX_PROOF) : base;
    }
    this.#streak = 0;
  }
}

/** Routes by method and path. Bounded: two generations of at most MAX_ROUTES, the older one dropped as a whole. */
export class RouteHistory {
  readonly #rules: LaneRules;
  #recent = new Map<string, Route>();
  #older = new Map<string, Route>();
  /** Half of all requests take less than this, half more. */
  typicalUs = 0;

  constructor(rules: LaneRules) {
    this.#rules = rules;
  }

  of(method: string, path: string): Route {
    // GET is by far the most frequent: its key needs no concatenation.
    const key = method === 'GET' ? path : `${method} ${path}`;
    return (
      this.#recent.get(key) ?? this.#remember(key, this.#older.get(key) ?? this.#make(key, method, path))
    );
  }

  note(serviceUs: number): void {
    this.typicalUs = towards(serviceUs, this.typicalUs, GENERAL_STEP);
  }

  #make(key: string, method: string, path: string): Route {
    const slash = key.lastIndexOf('/');
    const folder = slash >= 0 ? this.#folder(`${key.slice(0, slash + 1)}*`) : null;
    return new Route(this, folder, PROOF, this.#rules.of(method, path));
  }

  #folder(key: string): Route {
    const known = this.#recent.get(key);
    if (known !== undefined) return known;
    return this.#remember(key, this.#older.get(key) ?? new Route(this, null, FOLDER_PROOF, null));
  }

  #remember(key: string, route: Route): Route {
    if (this.#recent.size >= MAX_ROUTES) {
      this.#older = this.#recent;
      this.#recent = new Map();
    }
    this.#recent.set(key, route);
    return route;
  }
}

/** One step, but not past the sample; the first sample is all that is known. */
function towards(sampleUs: number, typicalUs: number, step: number): number {
  if (typicalUs === 0) return Math.max(1, sampleUs);
  if (sampleUs > typicalUs) return Math.min(sampleUs, typicalUs * step);
  return Math.max(1, sampleUs, typicalUs / step);
}
