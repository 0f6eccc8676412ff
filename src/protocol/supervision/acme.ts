// What the arbiter and the process that obtains certificates say to one another over Node's IPC channel, as JSON; and what the edge
// is told of it.

export type ChallengeType = 'http-01' | 'tls-alpn-01';

/** What an authority will ask for to see that a host is ours. */
export type Challenge =
  /** RFC 8555 8.3: answered at /.well-known/acme-challenge/TOKEN. */
  | { readonly type: 'http-01'; readonly token: string; readonly keyAuthorization: string }
  /** RFC 8737: a handshake for this host with the protocol acme-tls/1 gets this certificate. In PEM form. */
  | {
      readonly type: 'tls-alpn-01';
      readonly host: string;
      readonly certificate: string;
      readonly key: string;
    };

/** Where certificates come from, and where they are kept. */
export interface AcmeAccount {
  /** URL of the authority's directory. */
  readonly directory: string;
  /** null: none is told. */
  readonly email: string | null;
  /** Of certificates, if the authority has several; null: its usual one. */
  readonly profile: string | null;
  /** Absolute. */
  readonly folder: string;
  /** File with what binds the account to one that the authority knows already (RFC 8555 7.3.4); absolute; null: nothing does. */
  readonly bindingFile: string | null;
}

export interface CertificateOrder {
  /** The names that it is for, in the order of the configuration. */
  readonly hosts: readonly string[];
  readonly challenge: ChallengeType;
  /** Until when the certificate holds that is to be replaced; 0: there is none. Where another is there, somebody else has obtained it. */
  readonly untilMs: number;
}

/** Any moment of it is as good as another. */
export interface RenewalWindow {
  readonly startMs: number;
  readonly endMs: number;
}

export type ArbiterToAcme =
  /** First message. */
  | {
      readonly type: 'obtain';
      readonly account: AcmeAccount;
      readonly orders: readonly CertificateOrder[];
      /** By their hosts: certificates of which the authority is asked when it wants them to be renewed. */
      readonly asks: readonly (readonly string[])[];
      /** Whether it does nothing while another process obtains certificates for this folder. */
      readonly yields: boolean;
    }
  /** Whoever asks for it gets the answer. */
  | { readonly type: 'challenge-served'; readonly id: number };

export type AcmeToArbiter =
  | { readonly type: 'challenge'; readonly id: number; readonly challenge: Challenge }
  | { readonly type: 'challenge-over'; readonly id: number }
  /** Of the certificate that holds until `untilMs`. `window`: when it is to be renewed; null: the authority does not say. */
  | {
      readonly type: 'renewal-info';
      readonly hosts: readonly string[];
      readonly untilMs: number;
      readonly window: RenewalWindow | null;
      readonly askAgainMs: number;
    }
  /** Another process obtains certificates for this folder: nothing becomes of the orders. */
  | { readonly type: 'busy' }
  /** The authority is asked for it. */
  | { readonly type: 'ordering'; readonly hosts: readonly string[] }
  /** It is in its folder. */
  | { readonly type: 'obtained'; readonly hosts: readonly string[] }
  /** `reason`: a sentence without a full stop; `retryAfterMs`: how long the authority wants to be left alone. */
  | {
      readonly type: 'failed';
      readonly hosts: readonly string[];
      readonly reason: string;
      readonly retryAfterMs: number;
    };
