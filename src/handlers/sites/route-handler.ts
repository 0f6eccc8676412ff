import type { RouteSpec } from '../../protocol/supervision/site.ts';
import type { AuthParts } from '../auth/basic-auth.ts';
import type { Handler } from '../exchange.ts';
import type { FileHandler } from '../files/handler.ts';
import type { FileOptions } from '../files/options.ts';
import { connectionLimit } from '../limits/connection-limit.ts';
import type { LimitZones } from '../limits/limit-zones.ts';
import { rateLimit } from '../limits/rate-limit.ts';
import { access } from './access.ts';
import { accessLog, type LogOpener } from './access-log.ts';
import { compress } from './compress.ts';
import { fileOptions } from './file-options.ts';
import { headers } from './headers.ts';
import { hsts } from './hsts.ts';
import { httpsOnly } from './https-only.ts';
import { redirect } from './redirect.ts';
import { requestId } from './request-id.ts';
import { respond } from './respond.ts';

/** What routes are made with: the edge's. */
export interface RouteParts {
  readonly app: Handler;
  /** Where HTTPS is spoken; null: on its own port, or nowhere. */
  readonly httpsPort: number | null;
  /** Makes what serves files; `fallback` is asked where there is none, if the options say so. */
  readonly newFileHandler: (options: FileOptions, fallback: Handler) => FileHandler;
  /** What limits know of their keys. */
  readonly limits: LimitZones;
  readonly openLog: LogOpener;
  readonly auth: AuthParts;
}

/** What stands around the action, from the outside to the inside. A layer that has nothing to do for this route is `next` itself. */
const LAYERS: readonly ((spec: RouteSpec, next: Handler, parts: RouteParts) => Handler)[] = [
  requestId,
  hsts,
  accessLog,
  headers,
  httpsOnly,
  compress,
  rateLimit,
  connectionLimit,
  access,
];

/** Does what a route says. `next`: asks the routes behind this one. */
export function routeHandler(spec: RouteSpec, next: Handler, parts: RouteParts): Handler {
  return LAYERS.reduceRight((inner, layer) => layer(spec, inner, parts), action(spec, next, parts));
}

function action({ action, path }: RouteSpec, next: Handler, { app, newFileHandler }: RouteParts): Handler {
  switch (action.do) {
    case 'app':
      return app;
    case 'redirect':
      return redirect(action.to, action.status);
    case 'respond':
      return respond(action);
    case 'files':
      return belowPrefix(newFileHandler(fileOptions(path, action), next));
  }
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
