// Certificates and keys are read here, by the process that may be root: the edge gets their texts.

import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { createSecureContext } from 'node:tls';
import { KirinError } from '../base/errors.ts';
import type { Notice } from '../config/notices.ts';
import type { ResolvedConfig } from '../config/resolved-config.ts';
import type { TlsConfig, TlsIdentity, TlsTerms } from '../protocol/supervision/tls-config.ts';
import {
  CertificateProblem,
  certificatesIn,
  checkPair,
  type PemFile,
  privateKeyIn,
  reasonOf,
  validityWarnings,
} from '../tls/certificate-check.ts';
import { contextOptions } from '../tls/context-options.ts';
import { type IdentityWishes, type NamedFile, type TlsWishes, tlsWishes } from './tls-wishes.ts';

export interface TlsReading {
  /** null: connections are not encrypted. */
  readonly tls: TlsConfig | null;
  /** What clients will not like. */
  readonly notices: readonly Notice[];
}

/**
 * Reads and checks what TLS needs. There must be a certificate.
 * @throws {KirinError} that names the file, and says what would be right
 */
export function readTls(config: ResolvedConfig, nowMs: number): TlsReading {
  try {
    return read(tlsWishes(config), config.settings.chdir, nowMs);
  } catch (error) {
    if (error instanceof CertificateProblem) throw new KirinError('tls-unusable', error.message);
    throw error;
  }
}

function read({ usual, sites, ...terms }: TlsWishes, folder: string, nowMs: number): TlsReading {
  const readings = new Map<IdentityWishes, IdentityReading>();
  for (const wishes of [usual, ...sites.map(([, wishes]) => wishes)]) {
    if (!readings.has(wishes)) readings.set(wishes, readIdentity(wishes, terms, folder, nowMs));
  }
  const identityOf = (wishes: IdentityWishes) => (readings.get(wishes) as IdentityReading).identity;
  const { ciphers, minVersion, maxVersion, protocols, notices } = terms;
  const tls: TlsConfig = {
    ...identityOf(usual),
    sites: sites.map(([hosts, wishes]) => ({ hosts, ...identityOf(wishes) })),
    ciphers,
    minVersion,
    maxVersion,
    protocols,
  };
  const warnings = [...readings.values()].flatMap((reading) => reading.warnings);
  return { tls, notices: [...notices, ...warnings.map(asWarning)] };
}

type CheckedTerms = Omit<TlsWishes, 'usual' | 'sites'>;

interface IdentityReading {
  readonly identity: TlsIdentity;
  readonly warnings: readonly string[];
}

function readIdentity(
  wishes: IdentityWishes,
  terms: CheckedTerms,
  folder: string,
  nowMs: number,
): IdentityReading {
  const certificateFile = readPem(wishes.certfile, folder);
  const keyFile = wishes.keyfile === null ? certificateFile : readPem(wishes.keyfile, folder);
  const certificates = certificatesIn(certificateFile);
  const key = privateKeyIn(keyFile, wishes.passphrase, wishes.owner);
  checkPair(certificates, certificateFile.place, key, keyFile.place);
  const authorities = [
    ...wishes.authorityFiles.map((file) => readPem(file, folder)),
    ...wishes.authorityTexts,
  ];
  for (const file of authorities) certificatesIn(file);
  const asks = wishes.clientCertificates !== 'ignored';
  if (asks && authorities.length === 0) {
    throw new CertificateProblem(
      `cert_reqs (from ${wishes.clientCertificatesSource}) asks clients for certificates, and ca_certs does not say whose signature counts; give a file with the certificates of those who sign`,
    );
  }
  const identity: TlsIdentity = {
    certificates: certificates.map(String).join(''),
    privateKey: key.export({ type: 'pkcs8', format: 'pem' }) as string,
    clientCertificates: wishes.clientCertificates,
    clientAuthorities: asks ? authorities.flatMap(certificatesIn).map(String).join('') : '',
  };
  checkContext({ ...terms, ...identity }, terms, certificateFile.place);
  return { identity, warnings: validityWarnings(certificates, certificateFile.place, nowMs) };
}

const asWarning = (message: string): Notice => ({ level: 'warning', message });

function readPem({ path, place }: NamedFile, folder: string): PemFile {
  try {
    return { text: readFileSync(resolve(folder, path), 'latin1'), place };
  } catch (error) {
    throw new CertificateProblem(`${place} cannot be read: ${whyNot(error as NodeJS.ErrnoException)}`);
  }
}

function whyNot({ code, message }: NodeJS.ErrnoException): string {
  switch (code) {
    case 'ENOENT':
      return 'there is no such file';
    case 'EACCES':
      return `user ${process.getuid?.()}, who has started kirin, may not`;
    case 'EISDIR':
      return 'it is a folder; give the file';
    default:
      return message;
  }
}

/** What is left is OpenSSL's to find: ciphers that it does not know, keys that are too short for it. */
function checkContext(
  tls: TlsIdentity & TlsTerms,
  { ciphersSource }: CheckedTerms,
  certificatePlace: string,
): void {
  try {
    createSecureContext(contextOptions({ ...tls, ciphers: null }));
  } catch (error) {
    throw new CertificateProblem(`${certificatePlace} cannot be used: ${reasonOf(error)}`);
  }
  try {
    createSecureContext(contextOptions(tls));
  } catch (error) {
    throw new CertificateProblem(
      `ciphers '${tls.ciphers}' (from ${ciphersSource}) cannot be used: ${reasonOf(error)}; \`openssl ciphers -v\` lists what there is, such as ECDHE+AESGCM`,
    );
  }
}
