import type { FileRouteSpec, RouteSpec } from '../../protocol/supervision/site.ts';
import type { AuthParts } from '../auth/basic-auth.ts';
import type { SharedCache } from '../cache/shared-cache.ts';
import type { Handler } from '../exchange.ts';
import type { FileHandler } from '../files/handler.ts';
import type { FileOptions } from '../files/options.ts';
import { connectionLimit } from '../limits/connection-limit.ts';
import type { LimitZones } from '../limits/limit-zones.ts';
import { rateLimit } from '../limits/rate-limit.ts';
import { ProxyHandler, type ProxyParts } from '../proxy/handler.ts';
import { accel } from './accel.ts';
import { accelFields, heedsAccelFields } from './accel-fields.ts';
import { access } from './access.ts';
import { accessLog, type LogOpener } from './access-log.ts';
import { cache } from './cache.ts';
import { compress } from './compress.ts';
import { errorPages } from './error-pages.ts';
import { fileOptions } from './file-options.ts';
import { headers } from './headers.ts';
import { hsts } from './hsts.ts';
import { httpsOnly } from './https-only.ts';
import { compileSender, type SiteRoutes } from './inside.ts';
import { maxBody } from './max-body.ts';
import { redirect } from './redirect.ts';
import { requestId } from './request-id.ts';
import { respond } from './respond.ts';
import { rewrite } from './rewrite.ts';

/** What routes are made with: the edge's. */
export interface RouteParts {
  /** Who answers for an application; null: for none. */
  readonly app: (name: string | null) => Handler;
  /** Where HTTPS is spoken; null: on its own port, or nowhere. */
  readonly httpsPort: number | null;
  /** Makes what serves files; `fallback` is asked where there is none, if the options say so. */
  readonly newFileHandler: (options: FileOptions, fallback: Handler) => FileHandler;
  readonly proxies: ProxyParts;
  /** What limits know of their keys. */
  readonly limits: LimitZones;
  readonly openLog: LogOpener;
  readonly auth: AuthParts;
  /** Bytes of a body that routes take which say nothing themselves; null: whoever reads requests sees to it. */
  readonly usualMaxBody: number | null;
  /** One of the configuration's caches. */
  readonly cacheOf: (name: string) => SharedCache;
  /** Writes a line to the error log, unless there are too many. */
  readonly report: (problem: string) => void;
}

/** What stands around the action, from the outside to the inside. A layer that has nothing to do for this route is `next` itself. */
const LAYERS: readonly ((
  spec: RouteSpec,
  next: Handler,
  parts: RouteParts,
  routes: SiteRoutes,
) => Handler)[] = [
  requestId,
  hsts,
  accessLog,
  headers,
  httpsOnly,
  compress,
  errorPages,
  rateLimit,
  connectionLimit,
  access,
  maxBody,
  accelFields,
  cache,
  accel,
];

/** Does what a route says. `next`: asks the routes behind this one. */
export function routeHandler(spec: RouteSpec, next: Handler, parts: RouteParts, routes: SiteRoutes): Handler {
  return guarded(spec, action(spec, next, parts, routes), parts, routes);
}

/** What a route says, but for its action. */
export function guarded(spec: RouteSpec, action: Handler, parts: RouteParts, routes: SiteRoutes): Handler {
  return LAYERS.reduceRight((inner, layer) => layer(spec, inner, parts, routes), action);
}

function action(
  spec: RouteSpec,
  next: Handler,
  { app, newFileHandler, proxies }: RouteParts,
  routes: SiteRoutes,
): Handler {
  const { action, path } = spec;
  switch (action.do) {
    case 'app':
      return app(action.app);
    case 'redirect':
      return redirect(action.to, action.status);
    case 'respond':
      return respond(action);
    case 'files':
      return belowPrefix(
        newFileHandler(fileOptions(path, action), whenMissing(action.missing, next, routes)),
      );
    case 'rewrite':
      return rewrite(action.to, action.again, next, routes);
    case 'proxy':
      return new ProxyHandler(action, path, proxies, heedsAccelFields(spec, routes));
  }
}

/** Who answers where there is no file. */
function whenMissing(missing: FileRouteSpec['missing'], next: Handler, routes: SiteRoutes): Handler {
  if (typeof missing === 'number' || missing === 'next') return next;
  const send = compileSender(missing, routes);
  return { handle: (exchange) => send(exchange) };
}

function belowPrefix(files: FileHandler): Handler {
  return {
    handle: (exchange) => {
      // Written so that its files would be looked up elsewhere: `//static/a`.
      if (files.prefix.restOf(exchange.head.path) === null) exchange.refuse(404);
      else files.handle(exchange);
    },
  };
}
