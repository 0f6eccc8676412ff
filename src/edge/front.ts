import type { AuthParts } from '../handlers/auth/basic-auth.ts';
import type { CacheFacts } from '../handlers/cache/shared-cache.ts';
import type { Handler } from '../handlers/exchange.ts';
import { LimitZones } from '../handlers/limits/limit-zones.ts';
import type { MetricsSources } from '../handlers/metrics.ts';
import type { RouteParts } from '../handlers/sites/route-handler.ts';
import { SiteHandler } from '../handlers/sites/site-handler.ts';
import type { ErrorLog } from '../observe/error-log.ts';
import type { FrontSpec } from '../protocol/supervision/front.ts';
import { UpstreamSet } from '../upstreams/upstream-set.ts';
import { Caches } from './caches.ts';
import { PasswordThread } from './password-thread.ts';
import { Proxies } from './proxies.ts';
import { RefusalLog } from './refusal-log.ts';

/** What routes are made with that is not the sites' own. */
type Surroundings = Omit<RouteParts, 'limits' | 'auth' | 'cacheOf' | 'proxies' | 'report'>;

/** The sites, and what they keep from one configuration to the next. Where there are none, its code is not loaded. */
export class Front {
  readonly #limits: LimitZones;
  readonly #upstreamSet: UpstreamSet;
  readonly #proxies: Proxies;
  readonly #caches: Caches;
  readonly #auth: AuthParts;
  readonly #report: (problem: string) => void;

  constructor(log: ErrorLog) {
    /** Unless there are too many. */
    const quietly = (level: 'warning' | 'error') => {
      const lines = new RefusalLog((line) => log[level](line));
      return (line: string) => lines.note(() => line);
    };
    this.#limits = new LimitZones(quietly('warning'));
    this.#report = quietly('error');
    this.#upstreamSet = new UpstreamSet(log);
    this.#proxies = new Proxies(this.#upstreamSet, (line) => log.warning(line));
    this.#caches = new Caches(log);
    const report = (problem: string) => log.error(problem);
    this.#auth = { passwords: new PasswordThread(report), report, reportRefused: quietly('error') };
  }

  /** Who answers from now on; null: there are no sites. */
  handlerFor(front: FrontSpec, surroundings: Surroundings): Handler | null {
    this.#limits.reset();
    this.#caches.reset(front.caches);
    this.#upstreamSet.reset(front);
    this.#proxies.reset(front);
    const parts: RouteParts = {
      ...surroundings,
      limits: this.#limits,
      auth: this.#auth,
      cacheOf: (name) => this.#caches.get(name),
      proxies: this.#proxies,
      report: this.#report,
    };
    const handler = front.sites.length === 0 ? null : new SiteHandler(front.sites, parts);
    this.#upstreamSet.settle();
    return handler;
  }

  get upstreams(): MetricsSources['upstreams'] {
    return this.#upstreamSet.facts();
  }

  get caches(): readonly CacheFacts[] {
    return this.#caches.facts();
  }
}
