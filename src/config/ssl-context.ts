/** What the `ssl_context` of a configuration file wants, as python/kirin_worker/ssl_hook.py reports it. */
export interface SslContextReport {
  /** The last that was loaded; null: none that could be noted. Paths are absolute. */
  readonly chain: {
    readonly certfile: string;
    readonly keyfile: string | null;
    readonly password: string | null;
  } | null;
  readonly authorities: readonly ({ readonly file: string } | { readonly pem: string })[];
  /** As `cert_reqs`. */
  readonly verifyMode: number;
  readonly checksRevocation: boolean;
  /** null: it has not said. */
  readonly ciphers: string | null;
  /** By Python's names, such as TLSv1_2; null: the usual ones. */
  readonly versions: { readonly minimum: string; readonly maximum: string } | null;
  /** By their ALPN names; null: it has not said. */
  readonly protocols: readonly string[] | null;
  /** What was done to it that has no counterpart here. */
  readonly lost: readonly string[];
}
