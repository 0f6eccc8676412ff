// Certificates and keys are read here, by the process that may be root: the edge gets their texts.

import type { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { whyUnreadable } from '../base/read-failure.ts';
import type { OcspStaple, TlsIdentity, TlsTerms } from '../protocol/supervision/tls-config.ts';
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
import { readOcspResponse } from '../tls/ocsp-response.ts';
import type { IdentityWishes, NamedFile, TlsWishes } from './tls-wishes.ts';

/** What holds for every certificate. */
export type CommonTerms = Omit<TlsWishes, 'usual' | 'sites'>;

export interface IdentityReading {
  readonly identity: TlsIdentity;
  /** What clients will not like. */
  readonly warnings: readonly string[];
  /** What else should be known. */
  readonly remarks: readonly string[];
}

/**
 * Reads and checks one certificate, its key, and what clients are checked by.
 * @throws {CertificateProblem}
 */
export function readIdentity(wishes: IdentityWishes, terms: CommonTerms, nowMs: number): IdentityReading {
  const certificateFile = readPem(wishes.certfile);
  const keyFile = wishes.keyfile === null ? certificateFile : readPem(wishes.keyfile);
  const certificates = certificatesIn(certificateFile);
  const key = privateKeyIn(keyFile, wishes.passphrase, wishes.owner);
  checkPair(certificates, certificateFile.place, key, keyFile.place);
  const authorities = [...wishes.authorityFiles.map((file) => readPem(file)), ...wishes.authorityTexts];
  for (const file of authorities) certificatesIn(file);
  const asks = wishes.clientCertificates !== 'ignored';
  if (asks && authorities.length === 0) {
    throw new CertificateProblem(
      `cert_reqs (from ${wishes.clientCertificatesSource}) asks clients for certificates, and ca_certs does not say whose signature counts; give a file with the certificates of those who sign`,
    );
  }
  const stapling = readOcsp(wishes.ocspFile, certificates[0] as X509Certificate, nowMs);
  const identity: TlsIdentity = {
    ocsp: stapling.staple,
    certificates: certificates.map(String).join(''),
    privateKey: key.export({ type: 'pkcs8', format: 'pem' }) as string,
    clientCertificates: wishes.clientCertificates,
    clientAuthorities: asks ? authorities.flatMap(certificatesIn).map(String).join('') : '',
  };
  checkContext({ ...terms, ...identity }, terms, certificateFile.place);
  return {
    identity,
    warnings: validityWarnings(certificates, certificateFile.place, nowMs),
    remarks: stapling.remarks,
  };
}

interface Stapling {
  readonly staple: OcspStaple | null;
  readonly remarks: readonly string[];
}

/** Without it clients ask the authority, or nobody: what is wrong with it keeps no certificate from being used. */
function readOcsp(file: NamedFile | null, own: X509Certificate, nowMs: number): Stapling {
  if (file === null) return { staple: null, remarks: [] };
  const without = (why: string): Stapling => ({
    staple: null,
    remarks: [`${file.place} ${why}; clients are not told of it`],
  });
  let bytes: Buffer;
  try {
    bytes = readFileSync(file.path);
  } catch (error) {
    return without(`cannot be read: ${whyUnreadable(error as NodeJS.ErrnoException)}`);
  }
  const response = readOcspResponse(bytes);
  if (response === null) return without('is no answer of OCSP in DER form (`openssl ocsp -respout FILE`)');
  if (!response.serialNumbers.includes(own.serialNumber.replace(/^(00)+/, '')))
    return without('is about another certificate');
  const { status, untilMs } = response;
  if (untilMs !== null && untilMs <= nowMs)
    return without(`holds no longer, since ${new Date(untilMs).toISOString()}`);
  const remarks = status === 'good' ? [] : [`${file.place} says that the certificate is ${status}`];
  return { staple: { response: bytes.toString('base64'), untilMs }, remarks };
}

function readPem({ path, place, text }: NamedFile): PemFile {
  try {
    return { text: text ?? readFileSync(path, 'latin1'), place };
  } catch (error) {
    throw new CertificateProblem(`${place} cannot be read: ${whyUnreadable(error as NodeJS.ErrnoException)}`);
  }
}

/** What is left is OpenSSL's to find: ciphers that it does not know, keys that are too short for it. */
function checkContext(
  tls: TlsIdentity & TlsTerms,
  { ciphersSource }: CommonTerms,
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
