import type { Notice } from '../config/notices.ts';
import type { ResolvedConfig } from '../config/resolved-config.ts';
import type { SslContextReport } from '../config/ssl-context.ts';
import type { AlpnProtocol, TlsConfig, TlsVersion } from '../protocol/supervision/tls-config.ts';
import { CertificateProblem, type PemFile } from '../tls/certificate-check.ts';

/** A file that somebody has named, and who, for messages. */
export interface NamedFile {
  readonly path: string;
  readonly place: string;
}

/** What is wanted of TLS: the settings and, where the configuration file has an `ssl_context`, what that has changed. */
export interface TlsWishes
  extends Pick<TlsConfig, 'clientCertificates' | 'ciphers' | 'minVersion' | 'maxVersion' | 'protocols'> {
  readonly certfile: NamedFile;
  /** null: the key is in the certificate's file. */
  readonly keyfile: NamedFile | null;
  readonly passphrase: string | null;
  readonly authorityFiles: readonly NamedFile[];
  readonly authorityTexts: readonly PemFile[];
  readonly ciphersSource: string;
  readonly clientCertificatesSource: string;
  readonly notices: readonly Notice[];
}

const CLIENT_CERTIFICATES = ['ignored', 'optional', 'required'] as const;

const HOOK = 'ssl_context of the configuration file';

/** @throws {CertificateProblem} where leaving out what is wanted would be less than secure */
export function tlsWishes(config: ResolvedConfig): TlsWishes {
  const wishes = fromSettings(config);
  return config.sslContext === null ? wishes : withContext(wishes, config.sslContext);
}

function fromSettings({ settings, sources }: ResolvedConfig): TlsWishes {
  const named = (name: 'certfile' | 'keyfile' | 'ca_certs'): NamedFile | null => {
    const path = settings[name];
    return path === null ? null : { path, place: `${name} ${path} (from ${sources[name]})` };
  };
  const authorities = named('ca_certs');
  return {
    certfile: named('certfile') as NamedFile,
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
    protocols: alpnProtocols(
      settings.http_protocols.map((protocol) => (protocol === 'h2' ? 'h2' : 'http/1.1')),
    ),
    notices: [],
  };
}

/** HTTP/1.1 is for whoever does not ask for more, also where it is not named, as in Gunicorn. */
function alpnProtocols(names: readonly string[]): readonly AlpnProtocol[] {
  const known = names.filter((name): name is AlpnProtocol => name === 'h2' || name === 'http/1.1');
  return known.includes('http/1.1') ? known : [...known, 'http/1.1'];
}

const clientCertificates = (mode: number) => CLIENT_CERTIFICATES[mode] ?? 'required';

function withContext(wishes: TlsWishes, context: SslContextReport): TlsWishes {
  const { chain, authorities, ciphers, versions, protocols, lost } = context;
  if (context.checksRevocation) {
    throw new CertificateProblem(
      `${HOOK} asks for lists of revoked certificates (verify_flags), which are not supported; leave that out, and refuse such clients in the application`,
    );
  }
  const fromHook = (what: string, path: string): NamedFile => ({
    path,
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
