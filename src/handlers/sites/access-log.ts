import type { RequestSink } from '../../observe/request-sink.ts';
import type { AccessLogSpec } from '../../protocol/supervision/access-log.ts';
import type { RouteSpec } from '../../protocol/supervision/site.ts';
import type { Handler } from '../exchange.ts';

/** Where lines of this log go; undefined: where they would without it. */
export type LogOpener = (spec: AccessLogSpec) => RequestSink | undefined;

/** Has requests go down in a log of their own, or in none. */
export function accessLog(
  { accessLog }: RouteSpec,
  next: Handler,
  { openLog }: { readonly openLog: LogOpener },
): Handler {
  if (accessLog === null) return next;
  const sink = accessLog === 'off' ? null : openLog(accessLog);
  return {
    handle: (exchange) => {
      exchange.accessLog = sink;
      next.handle(exchange);
    },
  };
}
