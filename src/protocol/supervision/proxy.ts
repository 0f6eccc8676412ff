// `proxy` of a route, as the edge is told.

import type { ServerAddress } from './upstream.ts';

/** Where a route's requests go. */
export interface ProxySpec {
  readonly scheme: 'http' | 'https';
  /** As it is written behind the scheme, without a path: a name of `[upstreams.NAME]`, `host:port`, `unix:/path`. */
  readonly host: string;
  /** Where that is, unless an upstream has this name. */
  readonly address: ServerAddress;
  /** Templates. What the route's `path` matched is replaced by it; null: the target is passed on as it was sent. */
  readonly path: string | null;
  /** Fields of the request, names as they are written; templates; an empty value removes the field. */
  readonly setHeaders: readonly (readonly [name: string, template: string])[];
  /** Fields of the request that are left out, in lower case. */
  readonly removeHeaders: readonly string[];
  /** Fields of the response that are left out, in lower case. */
  readonly hideHeaders: readonly string[];
  /** What becomes of Location and Refresh: prefixes (with `~` in front, patterns) and templates in their place. `own`: the proxy's own URL. */
  readonly redirects: 'own' | 'off' | readonly (readonly [from: string, to: string])[];
  /** Whether a response may wait in a file for a slow client. */
  readonly buffering: boolean;
  /** Whether a request's body is read whole before it is sent on. */
  readonly requestBuffering: boolean;
  readonly connectTimeoutMs: number;
  readonly firstByteTimeoutMs: number;
  readonly silenceTimeoutMs: number;
  /** Whether Upgrade is passed on. */
  readonly upgrade: boolean;
  readonly maxHeadBytes: number;
  readonly retry: RetrySpec;
  /** null: the upstream is not encrypted. */
  readonly tls: UpstreamTls | null;
}

export interface RetrySpec {
  readonly on: readonly RetryReason[];
  /** Servers that are asked at most; 0: all. */
  readonly tries: number;
  /** From the first try on; 0: for ever. */
  readonly withinMs: number;
  /** Also what may have had an effect. */
  readonly unsafe: boolean;
}

/** A status, or what kept the upstream from one. */
export type RetryReason = 'error' | 'timeout' | number;

/** Texts are PEM. */
export interface UpstreamTls {
  readonly verify: boolean;
  /** For SNI and the check of the certificate; null: the host of the URL. */
  readonly name: string | null;
  /** null: the system's. */
  readonly ca: string | null;
  /** For a server that asks for one. */
  readonly certificate: string | null;
  readonly key: string | null;
}
