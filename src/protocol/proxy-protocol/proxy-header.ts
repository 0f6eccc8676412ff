/** One end of the connection that a proxy took; both '' for a unix socket. */
export interface Endpoint {
  readonly address: string;
  /** Decimal. */
  readonly port: string;
}

/** What a proxy says about the connection that it passes on (haproxy.org, proxy-protocol.txt). */
export interface ProxyHeader {
  /** As PROXY_PROTOCOL in the environ. LOCAL: the proxy's own connection, such as a health check. */
  readonly protocol: 'TCP4' | 'TCP6' | 'UNIX' | 'UNKNOWN' | 'LOCAL' | 'UNSPEC';
  /** The client; null: it does not say, and the connection's own peer counts. */
  readonly source: Endpoint | null;
  /** What the client connected to; null: it does not say. */
  readonly destination: Endpoint | null;
}

/** A header without addresses. */
export function withoutAddresses(protocol: 'UNKNOWN' | 'LOCAL' | 'UNSPEC'): ProxyHeader {
  return { protocol, source: null, destination: null };
}
