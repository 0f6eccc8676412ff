// The authority of `kirin dev-cert`: a file of this user's that signs certificates for servers on this machine, and that nobody trusts
// who was not told to.

import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type * as CertificateMaker from './certificate-maker.ts';
import type { KeyPair } from './key-pair.ts';
import { writePrivateFile } from './private-file.ts';

const MAKER_MODULE = new URL('../tls/certificate-maker.js', import.meta.url).href;

const DAY_MS = 86_400_000;
/** People trust it once; mkcert's has the same. */
const AUTHORITY_DAYS = 3650;
/** Apple's systems refuse certificates that hold for longer, also those of authorities that a user has added. */
const CERTIFICATE_DAYS = 825;
const TEMPORARY_DAYS = 30;
/** Clocks differ. */
const SLACK_MS = 3_600_000;
const READABLE = 0o644;

export const AUTHORITY_NAME = 'Kirin local authority';

export interface LocalAuthority extends KeyPair {
  /** Of its certificate. */
  readonly path: string;
  readonly isNew: boolean;
}

/** The one in this folder, made when there is none that holds as long as a certificate would. */
export async function localAuthority(folder: string, now: Date): Promise<LocalAuthority> {
  const found = findAuthority(folder, now);
  if (found !== null) return found;
  const { path, keyPath } = filesIn(folder);
  const { makeAuthority } = await loadMaker();
  const made = await makeAuthority(`${AUTHORITY_NAME} of ${hostname()}`, holding(now, AUTHORITY_DAYS));
  writePrivateFile(keyPath, made.key);
  writePrivateFile(path, made.certificate, READABLE);
  return { ...made, path, isNew: true };
}

/** null: another is to be made. */
export function findAuthority(folder: string, now: Date): LocalAuthority | null {
  const { path, keyPath } = filesIn(folder);
  const found = read(path, keyPath);
  const holds = found !== null && remainingMs(found, now) > CERTIFICATE_DAYS * DAY_MS;
  return holds ? { ...found, path, isNew: false } : null;
}

const filesIn = (folder: string) => ({
  path: join(folder, 'authority.pem'),
  keyPath: join(folder, 'authority.key'),
});

/** A certificate for these host names and addresses. */
export async function localCertificate(
  authority: LocalAuthority,
  names: readonly string[],
  now: Date,
): Promise<KeyPair> {
  const { makeCertificate } = await loadMaker();
  return makeCertificate(names, holding(now, CERTIFICATE_DAYS), authority);
}

/** One that nobody trusts, by an authority that is forgotten at once. */
export async function temporaryCertificate(
  names: readonly string[],
  issuer: string,
  now: Date,
): Promise<KeyPair> {
  const { makeAuthority, makeCertificate } = await loadMaker();
  const validity = holding(now, TEMPORARY_DAYS);
  const authority = await makeAuthority(issuer, validity);
  return makeCertificate(names, validity, authority);
}

const loadMaker = () => import(MAKER_MODULE) as Promise<typeof CertificateMaker>;

function holding(now: Date, days: number) {
  return {
    from: new Date(now.getTime() - SLACK_MS),
    until: new Date(now.getTime() - SLACK_MS + days * DAY_MS),
  };
}

function remainingMs({ certificate }: KeyPair, now: Date): number {
  return Date.parse(new X509Certificate(certificate).validTo) - now.getTime();
}

/** null: there is none, or what is there cannot be read or belongs to another key. */
function read(path: string, keyPath: string): KeyPair | null {
  const certificate = readOrNull(path);
  const key = readOrNull(keyPath);
  return certificate === null || key === null ? null : { certificate, key };
}

function readOrNull(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    // One that is there and cannot be read must not be replaced: it may be trusted.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}
