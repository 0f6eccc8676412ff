import { resolve } from 'node:path';
import type { Notice } from '../config/notices.ts';
import type { ResolvedConfig } from '../config/resolved-config.ts';
import type { SslContextReport } from '../config/ssl-context.ts';
import type { SiteSpec, SiteTls } from '../protocol/supervision/site.ts';
import type { AlpnProtocol, TlsIdentity, TlsTerms, TlsVersion } from '../protocol/supervision/tls-config.ts';
import { CertificateProblem, type PemFile } from '../tls/certificate-check.ts';

/** A file that somebody has named, and who, for messages. */
export interface NamedFile {
  /** Absolute. */
  readonly path: string;
  readonly place: string;
  /** What it would hold: nothing is written for a check. */
  readonly text?: string;
}

/** Whose signature on a client's certificate counts, and whether it has to have one. */
interface ClientWishes extends Pick<TlsIdentity, 'clientCertificates'> {
  readonly authorityFiles: readonly NamedFile[];
  readonly authorityTexts: readonly PemFile[];
  readonly clientCertificatesSource: string;
}

/** One certificate, and who may come by it. */
export interface IdentityWishes extends ClientWishes {
  readonly owner: 'settings' | 'site';
  readonly certfile: NamedFile;
  /** null: the key is in the certificate's file. */
  readonly keyfile: NamedFile | null;
  readonly passphrase: string | null;
  /** In DER form; null: clients are told nothing of it. */
  readonly ocspFile: NamedFile | null;
}

/** What is wanted of TLS: the settings, where the configuration file has an `ssl_context` what that has changed, and what sites say. */
export interface TlsWishes extends TlsTerms {
  /** For whoever names no site that has a certificate of its own; it may be one of theirs. */
  readonly usual: IdentityWishes;
  readonly sites: readonly (readonly [hosts: readonly string[], wishes: IdentityWishes])[];
  readonly ciphersSource: string;
  readonly notices: readonly Notice[];
}

/** What the settings and the hook say. */
interface CommonWishes extends ClientWishes, Omit<TlsWishes, 'usual' | 'sites'> {
  /** null: there is none beside those of sites. */
  readonly certfile: NamedFile | null;
  readonly keyfile: NamedFile | null;
  readonly passphrase: string | null;
}

const CLIENT_CERTIFICATES = ['ignored', 'optional', 'required'] as const;

/** Unless somebody says otherwise. Gunicorn, whose default the setting has, knows no sites. */
const OF_SITES = ['h2', 'h1'] as const;

const HOOK = 'ssl_context of the configuration file';

/**
 * There must be a certificate.
 * @throws {CertificateProblem} where leaving out what is wanted would be less than secure
 */
export function tlsWishes(config: ResolvedConfig): TlsWishes {
  const settings = fromSettings(config);
  const common =
    config.sslContext === null ? settings : withContext(settings, config.sslContext, config.settings.chdir);
  const { certfile, ...others } = common;
  const sites = config.front.sites.flatMap((site) =>
    site.tls === null ? [] : [[site.hosts, ofSite(site, site.tls, common)] as const],
  );
  const ofAllOthers = sites.find(([hosts]) => hosts.length === 0)?.[1];
  const usual =
    ofAllOthers ??
    (certfile === null
      ? sites[0]?.[1]
      : ({ ...others, owner: 'settings', certfile, ocspFile: null } as const));
  if (usual === undefined) throw new Error('TLS is wanted, and nobody has a certificate');
  return { ...others, usual, sites };
}

function ofSite(
  { hosts }: SiteSpec,
  { place, source, clients }: SiteTls,
  common: ClientWishes,
): IdentityWishes {
  if (source.kind !== 'files') throw new Error(`${source.kind} is no file yet`);
  const where = `of the site ${hosts[0] ?? 'of all other hosts'}, ${place}`;
  const named = (what: string, path: string): NamedFile => ({ path, place: `${what} ${path} (${where})` });
  return {
    ...common,
    owner: 'site',
    certfile: {
      ...named('certificate', source.certificate),
      ...(source.certificateText === undefined ? {} : { text: source.certificateText }),
    },
    keyfile: source.key === null ? null : named('key', source.key),
    passphrase: source.password,
    ocspFile: source.ocsp === null ? null : named('ocsp', source.ocsp),
    ...(clients === null
      ? {}
      : {
          authorityFiles: clients.authorities === null ? [] : [named('client_ca', clients.authorities)],
          authorityTexts: [],
          clientCertificates: clients.certificates,
          clientCertificatesSource: where,
        }),
  };
}

function fromSettings({ settings, sources, front }: ResolvedConfig): CommonWishes {
  const protocols =
    sources.http_protocols === 'default' && front.sites.some(({ tls }) => tls !== null)
      ? OF_SITES
      : settings.http_protocols;
  const named = (name: 'certfile' | 'keyfile' | 'ca_certs'): NamedFile | null => {
    const path = settings[name];
    return path === null
      ? null
      : { path: resolve(settings.chdir, path), place: `${name} ${path} (from ${sources[name]})` };
  };
  const authorities = named('ca_certs');
  return {
    certfile: named('certfile'),
    keyfile: named('keyfile'),
    passphrase: null,
    authorityFiles: authorities === null ? [] : [authorities],
    authorityTexts: [],
    clientCertificates: clientCertificates(settings.cert_reqs),
    clientCertificatesSource: sources.cert_reqs,
    ciphers: settings.ciphers,
    ciphersSource: sources.ciphers,
    minVersion: 'TLSv1.2',
    maxVersion: 'TLSv1.3',
    protocols: alpnProtocols(protocols.map((protocol) => (protocol === 'h2' ? 'h2' : 'http/1.1'))),
    notices: [],
  };
}

/** HTTP/1.1 is for whoever does not ask for more, also where it is not named, as in Gunicorn. */
function alpnProtocols(names: readonly string[]): readonly AlpnProtocol[] {
  const known = names.filter((name): name is AlpnProtocol => name === 'h2' || name === 'http/1.1');
  return known.includes('http/1.1') ? known : [...known, 'http/1.1'];
}

const clientCertificates = (mode: number) => CLIENT_CERTIFICATES[mode] ?? 'required';

function withContext(wishes: CommonWishes, context: SslContextReport, folder: string): CommonWishes {
  const { chain, authorities, ciphers, versions, protocols, lost } = context;
  if (context.checksRevocation) {
    throw new CertificateProblem(
      `${HOOK} asks for lists of revoked certificates (verify_flags), which are not supported; leave that out, and refuse such clients in the application`,
    );
  }
  const fromHook = (what: string, path: string): NamedFile => ({
    path: resolve(folder, path),
    place: `${what} ${path} (from ${HOOK})`,
  });
  const loaded = chain !== null && {
    certfile: fromHook('certfile', chain.certfile),
    keyfile: chain.keyfile === null ? null : fromHook('keyfile', chain.keyfile),
    passphrase: chain.password,
  };
  return {
    ...wishes,
    ...loaded,
    authorityFiles: authorities.flatMap((each) => ('file' in each ? [fromHook('ca_certs', each.file)] : [])),
    authorityTexts: authorities.flatMap((each) =>
      'pem' in each ? [{ text: each.pem, place: `what ${HOOK} gives load_verify_locations` }] : [],
    ),
    clientCertificates: clientCertificates(context.verifyMode),
    clientCertificatesSource: HOOK,
    ...(ciphers === null ? {} : { ciphers, ciphersSource: HOOK }),
    ...(versions === null ? {} : versionsOf(versions)),
    ...(protocols === null ? {} : { protocols: alpnProtocols(protocols) }),
    notices:
      lost.length === 0
        ? []
        : [{ level: 'warning', message: `${HOOK}: not carried over: ${lost.join(', ')}` }],
  };
}

function versionsOf({ minimum, maximum }: { minimum: string; maximum: string }) {
  // Python's TLSv1_2 is Node's TLSv1.2.
  return {
    minVersion: minimum.replace('_', '.') as TlsVersion,
    maxVersion: maximum.replace('_', '.') as TlsVersion,
  };
}
