/** Sites by the names of their hosts: the exact name, else the longest wildcard, else the site without names. */
export class HostTable<Site> {
  readonly #exact = new Map<string, Site>();
  /** By what follows the star: `.shop.example`. */
  readonly #wildcards = new Map<string, Site>();
  #others: Site | null = null;
  /** What was looked for last: mostly it is the same again. */
  #lastAuthority: string | null = null;
  #lastSite: Site | null = null;

  /** Names are in lower case. */
  constructor(sites: readonly (readonly [hosts: readonly string[], site: Site])[]) {
    for (const [hosts, site] of sites) {
      if (hosts.length === 0) this.#others = site;
      for (const host of hosts) {
        if (host.startsWith('*')) this.#wildcards.set(host.slice(1), site);
        else this.#exact.set(host, site);
      }
    }
  }

  /** `authority`: as the client names it, perhaps with a port; null: it does not. */
  find(authority: string | null): Site | null {
    if (authority === null) return this.#others;
    if (authority === this.#lastAuthority) return this.#lastSite;
    const name = authority.replace(/:\d*$/, '').replace(/\.$/, '').toLowerCase();
    this.#lastSite = this.#exact.get(name) ?? this.#byWildcard(name) ?? this.#others;
    this.#lastAuthority = authority;
    return this.#lastSite;
  }

  #byWildcard(name: string): Site | undefined {
    if (this.#wildcards.size === 0) return undefined;
    for (let dot = name.indexOf('.'); dot !== -1; dot = name.indexOf('.', dot + 1)) {
      const site = this.#wildcards.get(name.slice(dot));
      if (site !== undefined) return site;
    }
    return undefined;
  }
}
