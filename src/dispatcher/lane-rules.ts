import type { LaneRuleSpec } from '../protocol/supervision/edge.ts';
import { PathPattern } from './path-pattern.ts';

/** One rule, and the lanes that are busy with its requests. */
export class LaneRule {
  readonly limit: number;
  readonly reserve: number;
  lanes = 0;
  readonly #method: string | null;
  readonly #path: PathPattern;

  constructor({ method, path, limit, reserve }: LaneRuleSpec) {
    this.limit = limit ?? Number.POSITIVE_INFINITY;
    this.reserve = reserve;
    this.#method = method;
    this.#path = new PathPattern(path);
  }

  matches(method: string, path: string): boolean {
    return (this.#method === null || this.#method === method) && this.#path.matches(path);
  }

  get isFull(): boolean {
    return this.lanes >= this.limit;
  }

  /** Lanes that must be left to it. */
  get unmet(): number {
    return Math.max(0, this.reserve - this.lanes);
  }
}

export class LaneRules {
  readonly #rules: readonly LaneRule[];
  readonly #reserving: readonly LaneRule[];

  constructor(specs: readonly LaneRuleSpec[]) {
    this.#rules = specs.map((spec) => new LaneRule(spec));
    this.#reserving = this.#rules.filter(({ reserve }) => reserve > 0);
  }

  /** The first that matches. */
  of(method: string, path: string): LaneRule | null {
    return this.#rules.find((rule) => rule.matches(method, path)) ?? null;
  }

  /** Idle lanes that a request under `rule` must leave to others. */
  reservedFrom(rule: LaneRule | null): number {
    let reserved = 0;
    for (const each of this.#reserving) {
      if (each !== rule) reserved += each.unmet;
    }
    return reserved;
  }
}
