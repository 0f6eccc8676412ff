// What a kirin.toml says about serving beside the settings, as the edge is told: read and checked.

import type { SiteSpec } from './site.ts';

export interface FrontSpec {
  /** None: every request is the application's. */
  readonly sites: readonly SiteSpec[];
}

export const NO_FRONT: FrontSpec = { sites: [] };
