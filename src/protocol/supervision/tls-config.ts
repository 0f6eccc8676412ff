/** How connections are encrypted. The PEM texts go from the arbiter's memory to the edge's, and nowhere else. */
export interface TlsConfig {
  /** The server's own certificate, then those between it and a root. */
  readonly certificates: string;
  readonly privateKey: string;
  readonly clientCertificates: 'ignored' | 'optional' | 'required';
  /** Whose signature on a client's certificate counts; '' where they are ignored. */
  readonly clientAuthorities: string;
  /** In OpenSSL's syntax; null: Kirin's choice. */
  readonly ciphers: string | null;
  readonly minVersion: TlsVersion;
  readonly maxVersion: TlsVersion;
  /** What is offered by ALPN, the preferred one first. */
  readonly protocols: readonly AlpnProtocol[];
}

export type TlsVersion = 'TLSv1' | 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3';
export type AlpnProtocol = 'h2' | 'http/1.1';
