/** What is known of a response that is stored; times are those of the system's clock, since they outlive a restart. */
export interface StoredFacts {
  readonly status: number;
  /** When it had come. */
  readonly receivedMs: number;
  /** How old it was then, in seconds: RFC 9111 4.2.3. */
  readonly initialAge: number;
  /** For how long it is fresh, in seconds. */
  readonly lifetime: number;
  /** With its quotes; null: it has none. */
  readonly entityTag: string | null;
  readonly lastModified: string | null;
  /** It must not be used once it is stale, whatever happens. */
  readonly mustRevalidate: boolean;
  /** It must not be used unless somebody has asked whether it is still right. */
  readonly noCache: boolean;
  /** Seconds after it has become stale. */
  readonly staleWhileRevalidate: number;
  readonly staleIfError: number;
  /** It may be used for a request with Authorization. */
  readonly isForEverybody: boolean;
  /** Names of the fields of the request that it depends on, in lower case, and their values. */
  readonly vary: readonly string[];
  readonly varyValues: readonly string[];
  /** What the request had that origins may heed without saying so. */
  readonly unspoken: string;
  /** Of the routes that use the cache, the one whose response it is; '': whoever has the same key may have it. */
  readonly route: string;
}
