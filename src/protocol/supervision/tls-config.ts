/** How connections are encrypted. The PEM texts go from the arbiter's memory to the edge's, and nowhere else. */
export interface TlsConfig extends TlsTerms, TlsIdentity {
  /** For clients that name one of their hosts; what this has itself is for all others. */
  readonly sites: readonly TlsSite[];
  /** What the keys for session tickets are made of, so that one edge takes up what another has begun; in base64. */
  readonly ticketSecret: string;
}

export interface TlsSite extends TlsIdentity {
  /** As those of a SiteSpec. */
  readonly hosts: readonly string[];
}

/** Who the server is, and who its clients have to be. */
export interface TlsIdentity {
  /** The server's own certificate, then those between it and a root. */
  readonly certificates: string;
  readonly privateKey: string;
  readonly clientCertificates: 'ignored' | 'optional' | 'required';
  /** Whose signature on a client's certificate counts; '' where they are ignored. */
  readonly clientAuthorities: string;
  /** What clients are told of its certificate that ask; null: nothing. */
  readonly ocsp: OcspStaple | null;
}

export interface OcspStaple {
  /** In base64. */
  readonly response: string;
  /** From then on it is of no use; null: it does not say. */
  readonly untilMs: number | null;
}

export interface TlsTerms {
  /** In OpenSSL's syntax; null: Kirin's choice. */
  readonly ciphers: string | null;
  readonly minVersion: TlsVersion;
  readonly maxVersion: TlsVersion;
  /** What is offered by ALPN, the preferred one first. */
  readonly protocols: readonly AlpnProtocol[];
}

export type TlsVersion = 'TLSv1' | 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3';
export type AlpnProtocol = 'h2' | 'http/1.1';
