import type { TlsConfig } from '../protocol/supervision/tls-config.ts';
import { clientRule, requiresCertificate } from '../tls/client-rule.ts';
import type { Exchange, Handler } from './exchange.ts';
import { HostTable } from './sites/host-table.ts';
import { sendToHttps } from './sites/https-only.ts';
import { schemeOf } from './template.ts';

/** By which rule clients of each host are let in. */
export class ClientRules {
  readonly #sites: HostTable<string>;
  readonly #usual: string;

  constructor(tls: TlsConfig) {
    this.#sites = new HostTable(tls.sites.map((site) => [site.hosts, clientRule(site)]));
    this.#usual = clientRule(tls);
  }

  of(authority: string | null): string {
    return this.#sites.find(authority) ?? this.#usual;
  }
}

/** Whether somebody could get around a rule: where nobody asks for certificates, or all speak TLS and there is one rule, nobody can. */
export function needsGuard(tls: TlsConfig, hasPlainListener: boolean): boolean {
  const asks = [tls, ...tls.sites].some(({ clientCertificates }) => clientCertificates !== 'ignored');
  return asks && (hasPlainListener || tls.sites.length > 0);
}

/**
 * The name in the handshake decides who has to have a certificate, and the Host field who answers: a client that names one there and another here,
 * or that comes without TLS, must not get around that.
 */
export class ClientRuleGuard implements Handler {
  readonly #rules: ClientRules;
  readonly #next: Handler;
  readonly #httpsPort: number | null;

  constructor(rules: ClientRules, next: Handler, httpsPort: number | null) {
    this.#rules = rules;
    this.#next = next;
    this.#httpsPort = httpsPort;
  }

  handle(exchange: Exchange): void {
    const { head, peer } = exchange;
    const rule = this.#rules.of(head.authority);
    if (peer.tls !== null) {
      // RFC 9110 15.5.20: browsers ask again, on a connection of its own.
      if (rule === peer.clientRule) this.#next.handle(exchange);
      else
        exchange.refuse(
          421,
          'The handshake was for another name, with another rule for certificates of clients',
        );
    } else if (!requiresCertificate(rule)) {
      this.#next.handle(exchange);
    } else if (schemeOf(exchange) === 'http') {
      sendToHttps(exchange, this.#httpsPort);
    } else {
      exchange.refuse(403, 'This needs a certificate of the client, and so a connection by TLS');
    }
  }
}
