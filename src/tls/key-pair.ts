/** A certificate and its private key, in PEM form. */
export interface KeyPair {
  readonly certificate: string;
  readonly key: string;
}
