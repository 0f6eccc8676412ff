import { isIP } from 'node:net';
import type { FieldBlock } from '../protocol/http1/field-block.ts';
import type { EdgeConfig } from '../protocol/supervision/edge.ts';
import { NetworkList } from './network-list.ts';

/** Peers that are believed: what a proxy says about its client, in fields or by the PROXY protocol. */
export class TrustedProxies {
  readonly #networks: NetworkList;

  constructor(entries: readonly string[]) {
    this.#networks = new NetworkList(entries);
  }

  /** Whether it is among them by itself: `*` is everybody, and clients are not all proxies. */
  names(address: string): boolean {
    return this.#networks.names(address);
  }

  /** A peer on a unix socket ('') is on this machine, and was let in by the file's permissions. */
  includes(address: string): boolean {
    return address === '' || this.#networks.includes(address);
  }
}

/** What the fields of one peer mean. Shared by all peers that are trusted, and by all others. */
export interface FieldRules {
  /** Whether what it says about its client is believed. */
  readonly isTrusted: boolean;
  /** Whose addresses are not those of clients. */
  readonly proxies: TrustedProxies;
  /** The field by which a proxy says the address of its client, in lower case; null: there is none. */
  readonly realIpHeader: string | null;
  /** Fields by which a proxy says that its client came by TLS, in lower case, and the value that says so, in lower case. */
  readonly secureSchemes: ReadonlyMap<string, string>;
  /** Fields with underscores that are taken all the same, in lower case; `*` is every one. */
  readonly forwarderNames: ReadonlySet<string>;
  /** What becomes of other names with underscores. */
  readonly headerMap: EdgeConfig['headerMap'];
}

/** Whom to believe what: one configuration's answer. */
export class TrustPolicy {
  readonly #forwarders: TrustedProxies;
  readonly #relays: TrustedProxies;
  readonly #trusted: FieldRules;
  readonly #others: FieldRules;

  constructor(config: TrustConfig) {
    const { headerMap } = config;
    this.#forwarders = new TrustedProxies(config.forwardedAllowIps);
    this.#relays = new TrustedProxies(config.proxyAllowIps);
    this.#trusted = {
      isTrusted: true,
      proxies: this.#forwarders,
      realIpHeader: config.realIpHeader?.toLowerCase() ?? null,
      secureSchemes: new Map(
        config.secureSchemeHeaders.map(([name, value]) => [name.toLowerCase(), value.toLowerCase()]),
      ),
      forwarderNames: new Set(config.forwarderHeaders.map((name) => name.toLowerCase())),
      headerMap,
    };
    this.#others = {
      isTrusted: false,
      proxies: this.#forwarders,
      realIpHeader: null,
      secureSchemes: new Map(),
      forwarderNames: new Set(),
      headerMap,
    };
  }

  /** @param address '' for a unix socket */
  rulesFor(address: string): FieldRules {
    return this.#forwarders.includes(address) ? this.#trusted : this.#others;
  }

  /** Whether this peer may speak the PROXY protocol. @param address '' for a unix socket */
  takesProxyHeaderFrom(address: string): boolean {
    return this.#relays.includes(address);
  }
}

export type TrustConfig = Pick<
  EdgeConfig,
  | 'forwardedAllowIps'
  | 'proxyAllowIps'
  | 'realIpHeader'
  | 'secureSchemeHeaders'
  | 'forwarderHeaders'
  | 'headerMap'
>;

/** The address of a peer's client; null: it is not told, and the peer counts as the client. */
export function forwardedAddress(fields: FieldBlock, { realIpHeader, proxies }: FieldRules): string | null {
  if (realIpHeader === null) return null;
  let client: string | null = null;
  for (const entry of (fields.list(realIpHeader) ?? '').split(',').reverse()) {
    const address = addressIn(entry.trim());
    // What stands before it has passed through somebody who does not say who he is.
    if (address === null) break;
    client = address;
    if (!proxies.names(address)) break;
  }
  return client;
}

/** Some write the port, too: `192.0.2.1:5000`, `[2001:db8::1]:5000`. */
function addressIn(entry: string): string | null {
  const [, bracketed, v4] = /^(?:\[([^\]]*)\](?::\d+)?|([\d.]+):\d+)$/.exec(entry) ?? [];
  const address = (bracketed ?? v4 ?? entry).replace(/^::ffff:(?=\d+\.)/i, '');
  return isIP(address) === 0 ? null : address;
}

/** The scheme of a peer's client, `own` where no field tells it, or 'contradiction' when fields do not agree. */
export function forwardedScheme(
  fields: FieldBlock,
  rules: FieldRules,
  own: 'http' | 'https',
): 'http' | 'https' | 'contradiction' {
  let scheme: 'http' | 'https' | null = null;
  for (let index = 0; index < fields.names.length; index += 1) {
    const secure = rules.secureSchemes.get(fields.names[index] as string);
    if (secure === undefined) continue;
    const said = (fields.values[index] as string).toLowerCase() === secure ? 'https' : 'http';
    if (scheme !== null && scheme !== said) return 'contradiction';
    scheme = said;
  }
  return scheme ?? own;
}
