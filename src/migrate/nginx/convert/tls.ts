// ssl_*: certificates of sites, and what holds for every connection.

import { isAbsolute, join } from 'node:path';
import type { Context } from '../context.ts';
import type { SiteDraft, TomlTable } from '../draft.ts';
import type { Scope } from '../scope.ts';
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
  ciphers(servers, context);
  if (certificate === null) return;
  const files = { certificate: fileOf(certificate, context), key: fileOf(key ?? certificate, context) };
  const clients = clientsOf(scope, context);
  if (site.has('hosts')) {
    site.set('tls', { ...files, ...clients?.ofSite }, certificate, hintFor(files.certificate));
    return;
  }
  draft.settings.set(
    'certfile',
    files.certificate,
    certificate,
    'for hosts that have no certificate of their own',
  );
  draft.settings.set('keyfile', files.key, key);
  for (const [name, value] of Object.entries(clients?.ofAll ?? {}))
    draft.settings.set(name, value, scope.one('ssl_verify_client'));
}

function hintFor(certificate: string): string | null {
  return certificate.includes('/letsencrypt/')
    ? 'with tls = "automatic" Kirin gets the certificate, and renews it, by itself'
    : null;
}

interface ClientCertificates {
  readonly ofSite: TomlTable;
  readonly ofAll: TomlTable;
}

/** Whose certificates clients have to have; null: they need none. */
function clientsOf(scope: Scope, context: Context): ClientCertificates | null {
  const { report } = context;
  const verify = scope.one('ssl_verify_client');
  const authorities = scope.one('ssl_client_certificate') ?? scope.one('ssl_trusted_certificate');
  for (const each of [verify, scope.one('ssl_client_certificate'), scope.one('ssl_trusted_certificate')])
    report.carried(each);
  const wanted = verify === null ? 'off' : (words(verify)[0] ?? 'off');
  if (wanted === 'off' || authorities === null) return null;
  const isRequired = wanted === 'on';
  report.differs(verify, 'a certificate that nobody vouches for ends the connection; nginx answers 400');
  const file = fileOf(authorities, context);
  return {
    ofSite: { client_ca: file, client_certificates: isRequired ? 'required' : 'optional' },
    ofAll: { ca_certs: file, cert_reqs: isRequired ? 2 : 1 },
  };
}

/** Relative ones are so to the folder of nginx.conf. */
function fileOf(directive: Directive, { wishes, report }: Context): string {
  const [path = ''] = words(directive);
  if (path.includes('$') || path.startsWith('data:'))
    report.missing(directive, 'certificates are files, and have no variables');
  return isAbsolute(path) ? path : join(wishes.prefix ?? '/etc/nginx', path);
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
