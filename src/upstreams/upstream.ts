// What a proxy needs of a group of servers: which one the next request goes to. Connections are the proxy's own.

export type EndpointAddress =
  /** `host` is an IP address. */
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string };

/** One address of a server. The same object, as long as it is one of the upstream's. */
export interface Endpoint {
  readonly address: EndpointAddress;
  /** As people wrote it: $upstream_addr. */
  readonly label: string;
}

/** `failed` counts towards max_fails; `unknown`: the client has left before it could be seen. */
export type Outcome = 'ok' | 'failed' | 'unknown';

export interface Upstream {
  /** What the first requests after a start may wait for: names whose addresses are not known yet. null, soon and for ever: nothing. */
  readonly settling: Promise<void> | null;
  /**
   * The server for the next request; null: none is there.
   * @param key what hash balancing hashes, else null
   * @param tried those that have failed for this request
   */
  choose(key: string | null, tried: readonly Endpoint[]): Endpoint | null;
  /** Follows, once, every `choose` that gave an endpoint. */
  ended(endpoint: Endpoint, outcome: Outcome): void;
  /** How the hash's key is worked out: a template of the configuration; null: nothing is hashed. */
  readonly hashKey: string | null;
  /** Connections that wait for the next request, at most, to each endpoint. */
  readonly keepalive: number;
  readonly keepaliveTimeoutMs: number;
}
