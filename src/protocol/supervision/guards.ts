// What stands before a route, as the edge is told: how often, how many at once, and who.

export interface RateLimitSpec {
  readonly perSecond: number;
  /** With $variables; requests for which it is empty are not counted. */
  readonly key: string;
  /** Requests above the rate that are let in. */
  readonly burst: number;
  /** How many of these are not held up, so that they keep to the rate; null: all. */
  readonly undelayed: number | null;
  readonly status: number;
  /** Limits of one name count together. */
  readonly zone: string;
  /** Of how many keys the state is known. */
  readonly keys: number;
}

export interface ConnectionLimitSpec {
  /** Requests in progress. */
  readonly limit: number;
  readonly key: string;
  readonly status: number;
  readonly zone: string;
}

export interface BasicAuthSpec {
  readonly realm: string;
  /** Absolute, as htpasswd writes it; null: `users` are meant. */
  readonly file: string | null;
  readonly users: readonly (readonly [user: string, hash: string])[];
}
