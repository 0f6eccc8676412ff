/**
 * What the access log may want to know of an exchange. The edge implements it lazily: only what the format uses is asked for.
 * Texts are as they came over the wire, latin-1, not yet escaped; null where there is none.
 */
export interface AccessRecord {
  /** Of the client; '' for a peer on a unix socket. */
  readonly remoteAddress: string;
  /** `GET /path?query HTTP/1.1` */
  readonly requestLine: string;
  readonly method: string;
  /** Decoded, a byte a character. */
  readonly path: string;
  /** Without the question mark. */
  readonly query: string;
  /** `HTTP/1.1` */
  readonly protocol: string;
  readonly status: number;
  /** Bytes of the response's body that were sent. */
  readonly bodyBytes: number;
  readonly referer: string | null;
  readonly userAgent: string | null;
  /** The user of Basic authentication, decoded. */
  readonly authUser: string | null;
  readonly startedAtMs: number;
  readonly durationUs: number;
  /** From the whole request's arrival until a lane was given it; null when none ever was. */
  readonly queuedUs: number | null;
  /** How long the worker took, by its own measure; null when it never said. */
  readonly serviceUs: number | null;
  /** `http` or `https`, also by the fields of a trusted proxy. */
  readonly scheme: string;
  /** What the cache has made of it: HIT, MISS …; null: it was not asked. */
  readonly cacheStatus: string | null;
  /** What it was proxied to: each a list of all that were asked; null: nothing. */
  readonly upstream: {
    readonly proxyHost: string;
    readonly addresses: string;
    readonly statuses: string;
    readonly times: string;
  } | null;
  /** Of the worker that answered; null when none did. */
  readonly workerPid: number | null;
  /** Names are lower-case. */
  requestField(name: string): string | null;
  responseField(name: string): string | null;
  /** All of them; names are lower-case. */
  requestFields(): Iterable<readonly [name: string, value: string]>;
  responseFields(): Iterable<readonly [name: string, value: string]>;
  /** As the application would see it: `REMOTE_ADDR`, `HTTP_HOST`. The name is in any case. */
  environ(name: string): string | null;
}
