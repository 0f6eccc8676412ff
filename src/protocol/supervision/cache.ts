// Caches of responses, as the edge is told.

export interface CacheSpec {
  readonly name: string;
  /** Absolute; null: in memory. */
  readonly folder: string | null;
  readonly maxBytes: number;
  readonly maxEntries: number;
  /** What was not asked for this long is removed. */
  readonly inactiveMs: number;
  /** Of one URI. */
  readonly maxVariants: number;
}

/** How a route uses a cache. */
export interface CacheUse {
  readonly cache: string;
  /** With $variables; null: scheme, host and target. */
  readonly key: string | null;
  /** Seconds for which responses are fresh that do not say. */
  readonly valid: readonly (readonly [status: number | 'any', seconds: number])[];
  /** Of a body; null: as much as suits the cache. */
  readonly maxEntryBytes: number | null;
  readonly staleWhileRevalidate: number;
  readonly staleIfError: number;
  /** With $variables: where one of them is neither empty nor `0`, the cache is not asked; what comes is stored. */
  readonly bypass: readonly string[];
  /** With $variables: where one of them is neither empty nor `0`, nothing is stored. */
  readonly noStore: readonly string[];
  /** Whether one request at a time fetches what is not there. */
  readonly lock: boolean;
  readonly lockTimeoutMs: number;
  /** Requests for the same after which it is stored. */
  readonly minUses: number;
  /** Whether the Cache-Control of requests is heeded. */
  readonly obeysClients: boolean;
  /** Fields of responses that are not heeded, in lower case. */
  readonly ignored: readonly string[];
  /** Networks that may remove what is stored by PURGE; none: nobody. */
  readonly purge: readonly string[];
  /** Whether responses tell by Cache-Status what has become of the request. */
  readonly tells: boolean;
}
