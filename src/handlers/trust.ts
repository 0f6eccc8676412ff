import { BlockList, isIP } from 'node:net';
import type { FieldBlock } from '../protocol/http1/field-block.ts';

/** Fields by which a trusted proxy says that its client came by TLS, and the value that says so; Gunicorn's defaults. */
const SECURE_SCHEME_FIELDS = new Map([
  ['x-forwarded-protocol', 'ssl'],
  ['x-forwarded-proto', 'https'],
  ['x-forwarded-ssl', 'on'],
]);

/** The addresses whose forwarding fields are believed. */
export class TrustedProxies {
  readonly #list = new BlockList();
  readonly #everyone: boolean;

  /** `entries`: addresses, networks in CIDR notation, or `*`. They have been validated by the settings table. */
  constructor(entries: readonly string[]) {
    this.#everyone = entries.includes('*');
    for (const entry of entries) {
      const [address = '', prefix] = entry.split('/');
      const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
      if (isIP(address) === 0) continue;
      if (prefix === undefined) this.#list.addAddress(address, family);
      else this.#list.addSubnet(address, Number(prefix), family);
    }
  }

  /** A peer on a unix socket ('') is on this machine, and was let in by the file's permissions. */
  includes(address: string): boolean {
    if (this.#everyone || address === '') return true;
    const family = isIP(address);
    return family !== 0 && this.#list.check(address, family === 6 ? 'ipv6' : 'ipv4');
  }
}

/** The scheme of a trusted peer's client, or 'contradiction' when its fields do not agree. */
export function forwardedScheme(fields: FieldBlock): 'http' | 'https' | 'contradiction' {
  let scheme: 'http' | 'https' | null = null;
  for (let index = 0; index < fields.names.length; index += 1) {
    const secure = SECURE_SCHEME_FIELDS.get(fields.names[index] as string);
    if (secure === undefined) continue;
    const said = (fields.values[index] as string).toLowerCase() === secure ? 'https' : 'http';
    if (scheme !== null && scheme !== said) return 'contradiction';
    scheme = said;
  }
  return scheme ?? 'http';
}
