// ssl_*: certificates of sites, and what holds for every connection.

import { isAbsolute, join } from 'node:path';
import type { Context } from '../context.ts';
import type { SiteDraft } from '../draft.ts';
import { type Directive, words } from '../syntax.ts';
import type { NamedServer } from './responsible.ts';

/** Of the servers of one site that speak TLS. */
export function siteTls(site: SiteDraft, servers: readonly NamedServer[], context: Context): void {
  const { report, draft } = context;
  const [server] = servers;
  if (server === undefined) return;
  const { scope } = server;
  const certificate = scope.one('ssl_certificate');
  const key = scope.one('ssl_certificate_key');
  report.carried(certificate);
  report.carried(key);
  for (const each of scope.all('ssl_certificate').slice(0, -1))
    report.missing(each, 'a site has one certificate');
  clients(servers, context);
  ciphers(servers, context);
  if (certificate === null) return;
  const files = { certificate: fileOf(certificate, context), key: fileOf(key ?? certificate, context) };
  if (site.has('hosts')) {
    site.set('tls', files, certificate);
    return;
  }
  draft.settings.set(
    'certfile',
    files.certificate,
    certificate,
    'for hosts that have no certificate of their own',
  );
  draft.settings.set('keyfile', files.key, key);
}

/** Relative ones are so to the folder of nginx.conf. */
function fileOf(directive: Directive, { wishes, report }: Context): string {
  const [path = ''] = words(directive);
  if (path.includes('$') || path.startsWith('data:'))
    report.missing(directive, 'certificates are files, and have no variables');
  return isAbsolute(path) ? path : join(wishes.prefix ?? '/etc/nginx', path);
}

function clients(servers: readonly NamedServer[], context: Context): void {
  const { draft, report } = context;
  for (const { scope } of servers) {
    const verify = scope.one('ssl_verify_client');
    const authorities = scope.one('ssl_client_certificate') ?? scope.one('ssl_trusted_certificate');
    report.carried(verify);
    report.carried(scope.one('ssl_client_certificate'));
    report.carried(scope.one('ssl_trusted_certificate'));
    if (verify === null || words(verify)[0] === 'off' || authorities === null) continue;
    const [wanted] = words(verify);
    report.differs(
      verify,
      'holds for every site, and a certificate that is not vouched for ends the connection',
    );
    draft.settings.set('ca_certs', fileOf(authorities, context), authorities);
    draft.settings.set('cert_reqs', wanted === 'on' ? 2 : 1, verify);
  }
}

function ciphers(servers: readonly NamedServer[], { draft, report }: Context): void {
  for (const { scope } of servers) {
    const directive = scope.one('ssl_ciphers');
    const protocols = scope.one('ssl_protocols');
    const list = directive === null ? '' : (words(directive)[0] ?? '');
    report.carried(protocols, 'TLS 1.2 and 1.3');
    const others = protocols === null ? [] : words(protocols).filter((word) => !/^TLSv1\.[23]$/.test(word));
    if (others.length > 0) report.differs(protocols, `${others.join(' and ')} are too old, and not spoken`);
    else if (protocols !== null && words(protocols).length === 1)
      report.differs(protocols, 'TLS 1.2 and 1.3 are both spoken');
    // Classes such as HIGH are OpenSSL's opinion of years ago; Kirin's own list is Mozilla's of today.
    if (/^[A-Z0-9_:-]+$/.test(list) && /-GCM-|CHACHA20/.test(list)) {
      draft.settings.set('ciphers', list, directive);
      report.carried(directive);
    } else report.differs(directive, "Mozilla's intermediate configuration is used in its place");
  }
}
