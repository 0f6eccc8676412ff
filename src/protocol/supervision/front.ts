// What a kirin.toml says about serving beside the settings, as the edge is told: read and checked.

import type { CacheSpec } from './cache.ts';
import type { SiteSpec } from './site.ts';
import type { UpstreamSpec } from './upstream.ts';

/** Of the application that is named by APP_MODULE, or by `app` at the top of a kirin.toml. */
export const DEFAULT_APP = 'default';

export interface FrontSpec {
  /** Who answers where there are no sites; null: nobody. */
  readonly app: string | null;
  /** None: every request is the application's. */
  readonly sites: readonly SiteSpec[];
  readonly upstreams: readonly UpstreamSpec[];
  /** `ADDRESS:PORT` of the name servers that are asked for what is no upstream; none: the system is. */
  readonly resolvers: readonly string[];
  readonly caches: readonly CacheSpec[];
}

export const NO_FRONT: FrontSpec = { app: DEFAULT_APP, sites: [], upstreams: [], resolvers: [], caches: [] };
