import { isDeepStrictEqual } from 'node:util';
import { HostTable } from '../../handlers/sites/host-table.ts';
import type { TlsConfig, TlsIdentity, TlsTerms } from '../../protocol/supervision/tls-config.ts';
import { TlsTerminator } from './terminator.ts';

/**
 * One terminator for each certificate. Which one a connection gets is decided before its handshake begins: what a session may be
 * resumed with, and who has to have a certificate, is then the business of that one alone. OpenSSL's own choice by name comes too late
 * for that: a resumed session would get around it.
 */
export class Terminators {
  /** For clients that name nobody, or nobody who has a certificate of their own. */
  readonly usual: TlsTerminator;
  /** Whether a client's word is needed. */
  readonly hasSeveral: boolean;
  readonly ticketSecret: string;
  readonly #sites: HostTable<TlsTerminator>;
  readonly #all: readonly TlsTerminator[];

  /**
   * Those of `before` that nothing has changed about are kept, with the sessions that may be resumed.
   * @throws what OpenSSL says of certificate, key or ciphers
   */
  constructor({ sites, ticketSecret, ...usual }: TlsConfig, before: Terminators | null) {
    const kept = before === null ? [] : before.#all;
    const make = (key: string, config: TlsIdentity & TlsTerms): TlsTerminator => {
      const same = kept.find((each) => each.key === key && isDeepStrictEqual(each.config, config));
      if (same !== undefined && ticketSecret !== before?.ticketSecret) same.useTickets(ticketSecret);
      return same ?? new TlsTerminator(key, config, ticketSecret);
    };
    this.usual = make('', usual);
    const named = sites.map(({ hosts, ...identity }) => {
      return [hosts, make(hosts.join(' ') || '*', { ...usual, ...identity })] as const;
    });
    this.ticketSecret = ticketSecret;
    this.hasSeveral = sites.length > 0;
    this.#sites = new HostTable(named);
    this.#all = [this.usual, ...named.map(([, terminator]) => terminator)];
  }

  /** @param name as the client says it, in lower case */
  find(name: string | null): TlsTerminator {
    return this.#sites.find(name) ?? this.usual;
  }
}
