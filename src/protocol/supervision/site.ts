// The sites of a kirin.toml, as the edge is told.

import type { AccessLogSpec } from './access-log.ts';
import type { CacheUse } from './cache.ts';
import type { BasicAuthSpec, ConnectionLimitSpec, RateLimitSpec } from './guards.ts';
import type { ProxySpec } from './proxy.ts';

export type PathMatch =
  /** Every path. */
  | { readonly kind: 'any' }
  /** `/static`, without a slash at its end: it and what lies below it; `isBelow`: only that. */
  | { readonly kind: 'prefix'; readonly path: string; readonly isBelow: boolean }
  | { readonly kind: 'exact'; readonly path: string }
  /** A regular expression, of JavaScript's. */
  | { readonly kind: 'pattern'; readonly source: string; readonly ignoresCase: boolean };

/** What a field of a request has to be. */
export type FieldMatch =
  /** It, or an element of its list, is this text, in whatever case. */
  | { readonly kind: 'is'; readonly name: string; readonly value: string }
  | { readonly kind: 'there'; readonly name: string; readonly isThere: boolean }
  | { readonly kind: 'pattern'; readonly name: string; readonly source: string };

/** Where a request goes inside of Kirin: a route by its name, or a path, with $variables. */
export type InsideTarget = `@${string}` | `/${string}`;

export type RouteAction =
  /** `app`: by its name; null: there is none to answer. */
  | { readonly do: 'app'; readonly app: string | null }
  /** `to`: with $variables. `again`: from the first route on, not from the next. */
  | { readonly do: 'rewrite'; readonly to: string; readonly again: boolean }
  /** `to`: with $variables. */
  | { readonly do: 'redirect'; readonly to: string; readonly status: number }
  | { readonly do: 'respond'; readonly status: number; readonly body: string; readonly type: string }
  | ({ readonly do: 'files' } & FileRouteSpec)
  | ({ readonly do: 'proxy' } & ProxySpec);

export interface FileRouteSpec {
  /** Absolute; or a file, in a folder's place. */
  readonly folder: string;
  /** `alias`: what follows the route's path is looked up in the folder; `root`: the whole path is. */
  readonly mapping: 'alias' | 'root';
  readonly index: readonly string[];
  readonly listing: boolean;
  /** What is answered where there is no file; `next`: whatever the routes behind this one say. */
  readonly missing: number | 'next' | InsideTarget;
  /** Paths, with $variables, the first of which that is there is served; with a slash at the end a folder is meant. null: the request's. */
  readonly tries: readonly string[] | null;
  /** Of the Cache-Control field; null: what `expires` says. */
  readonly cacheControl: string | null;
  /** Seconds for which clients may keep a file; null: it is not said. */
  readonly expires: number | null;
  readonly symlinks: 'off' | 'inside' | 'follow';
  readonly dotfiles: boolean;
  readonly precompressed: boolean;
}

/** What holds around a route's action. A site may say it for all of its routes; what a route says itself is stronger. */
export interface RouteOptions {
  /** Addresses and networks; null: everybody who is not denied. */
  readonly allow: readonly string[] | null;
  readonly deny: readonly string[];
  /** Fields of responses. */
  readonly addHeaders: readonly HeaderSpec[];
  /** In lower case; before others are added. */
  readonly removeHeaders: readonly string[];
  /** Requests and responses get an X-Request-ID. */
  readonly requestId: boolean;
  /** null: nobody is asked. */
  readonly basicAuth: BasicAuthSpec | null;
  /** Whether an allowed address and a password are needed, or one of them. */
  readonly satisfy: 'any' | 'all';
  /** null: that of the server. */
  readonly accessLog: AccessLogSpec | 'off' | null;
  /** null: responses are sent as they are. */
  readonly compress: CompressionSpec | null;
  readonly errorPages: ErrorPagesSpec | null;
  /** Absolute folders of which files are sent that the application names in X-Sendfile. */
  readonly sendfileFrom: readonly string[];
  /** Bytes of a request's body; 0: without limit; null: what the setting says. */
  readonly maxBody: number | null;
  /** null: responses are not kept. */
  readonly cache: CacheUse | null;
  readonly rateLimits: readonly RateLimitSpec[];
  readonly connectionLimits: readonly ConnectionLimitSpec[];
  /** Plain requests are sent to HTTPS, at this port, or (null) the one that is known; null: they are answered. */
  readonly httpsOnly: { readonly port: number | null } | null;
  /** Value of Strict-Transport-Security; null: it is not sent. */
  readonly hsts: string | null;
}

export type CompressionCoding = 'zstd' | 'br' | 'gzip';

export interface CompressionSpec {
  /** The preferred one first. */
  readonly encodings: readonly CompressionCoding[];
  /** In lower case; a star stands for anything. */
  readonly types: readonly string[];
  /** Shorter bodies are sent as they are. */
  readonly minBytes: number;
  readonly levels: Readonly<Record<CompressionCoding, number>>;
}

export interface ErrorPagesSpec {
  /** The first that is for a status takes its place: those for few statuses are before those for many. */
  readonly pages: readonly ErrorPageSpec[];
  /** Also in the place of what an application or an upstream says. */
  readonly intercept: boolean;
}

export interface ErrorPageSpec {
  /** Both included. */
  readonly from: number;
  readonly to: number;
  /** Or a URL, with $variables, to which the client is redirected. */
  readonly target: InsideTarget | `http${string}`;
  /** What the client gets: that of the error, that of the page, or another. */
  readonly status: number | 'kept' | 'own';
}

export interface HeaderSpec {
  readonly name: string;
  /** With $variables. */
  readonly value: string;
  /** Whether errors get it, too. */
  readonly onErrors: boolean;
}

export interface RouteSpec extends RouteOptions {
  /** By which others send requests to it; null: they cannot. */
  readonly name: string | null;
  /** Clients get 404 in its place; only what is sent to it inside of Kirin is answered. */
  readonly internal: boolean;
  readonly fields: readonly FieldMatch[];
  readonly path: PathMatch;
  /** In capitals; null: every method. */
  readonly methods: readonly string[] | null;
  /** null: both. */
  readonly scheme: 'http' | 'https' | null;
  /** That the client has connected to; null: every one. */
  readonly port: number | null;
  readonly action: RouteAction;
}

/** Where a site's certificate comes from. Paths are absolute. */
export type CertificateSource =
  | CertificateFiles
  /** Obtained by ACME. */
  | { readonly kind: 'automatic' }
  /** Made by this machine's own authority. */
  | { readonly kind: 'local' };

export interface CertificateFiles {
  readonly kind: 'files';
  readonly certificate: string;
  /** What the certificate's file would have: nothing is written for a check. */
  readonly certificateText?: string;
  /** null: it is in the certificate's file. */
  readonly key: string | null;
  /** Of the key. */
  readonly password: string | null;
  /** A file with what the authority says of it; null: none. */
  readonly ocsp: string | null;
}

/** For the arbiter, which reads the files; the edge gets their texts. */
export interface SiteTls {
  /** For messages: `kirin.toml:7:1`. */
  readonly place: string;
  readonly source: CertificateSource;
  /** null: as the settings say. */
  readonly clients: {
    /** A file: whose signature on a client's certificate counts; null where they are ignored. */
    readonly authorities: string | null;
    readonly certificates: 'required' | 'optional' | 'ignored';
  } | null;
}

export interface SiteSpec {
  /** In lower case: `shop.example`, `*.shop.example`; none: every host that is no other site's. */
  readonly hosts: readonly string[];
  /** null: it has no certificate of its own. */
  readonly tls: SiteTls | null;
  /** The first that matches answers; the last takes every request that none before it has taken. */
  readonly routes: readonly RouteSpec[];
}
