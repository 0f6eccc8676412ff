import { BlockList, isIP } from 'node:net';

/** Addresses and networks. */
export class NetworkList {
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

  includes(address: string): boolean {
    return this.#everyone || this.names(address);
  }

  /** `*` does not count. */
  names(address: string): boolean {
    const family = isIP(address);
    return family !== 0 && this.#list.check(address, family === 6 ? 'ipv6' : 'ipv4');
  }
}
