// Certificates and keys are read here, by the process that may be root: the edge gets their texts.

import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { createSecureContext } from 'node:tls';
import { KirinError } from '../base/errors.ts';
import type { Notice } from '../config/notices.ts';
import type { ResolvedConfig } from '../config/resolved-config.ts';
import type { TlsConfig } from '../protocol/supervision/tls-config.ts';
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
import { type TlsWishes, tlsWishes } from './tls-wishes.ts';

export interface TlsReading {
  /** null: connections are not encrypted. */
  readonly tls: TlsConfig | null;
  /** What clients will not like. */
  readonly notices: readonly Notice[];
}

/**
 * Reads and checks what TLS needs. `settings.certfile` must be set.
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

function read(wishes: TlsWishes, folder: string, nowMs: number): TlsReading {
  const certificateFile = readPem(wishes.certfile, folder);
  const keyFile = wishes.keyfile === null ? certificateFile : readPem(wishes.keyfile, folder);
  const certificates = certificatesIn(certificateFile);
  const key = privateKeyIn(keyFile, wishes.passphrase);
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
  const tls: TlsConfig = {
    certificates: certificates.map(String).join(''),
    privateKey: key.export({ type: 'pkcs8', format: 'pem' }) as string,
    clientCertificates: wishes.clientCertificates,
    clientAuthorities: asks ? authorities.flatMap(certificatesIn).map(String).join('') : '',
    ciphers: wishes.ciphers,
    minVersion: wishes.minVersion,
    maxVersion: wishes.maxVersion,
    protocols: wishes.protocols,
  };
  checkContext(tls, wishes, certificateFile.place);
  const warnings = validityWarnings(certificates, certificateFile.place, nowMs);
  return { tls, notices: [...wishes.notices, ...warnings.map(asWarning)] };
}

const asWarning = (message: string): Notice => ({ level: 'warning', message });

function readPem({ path, place }: TlsWishes['certfile'], folder: string): PemFile {
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
function checkContext(tls: TlsConfig, { ciphersSource }: TlsWishes, certificatePlace: string): void {
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
