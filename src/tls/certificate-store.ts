// Certificates that Kirin has obtained by itself, each in a file with its key: both are there, or none is.
//
//     FOLDER/DIRECTORY/account.key, account.json     who we are to the authority
//     FOLDER/DIRECTORY/shop.example.pem              the key, the certificate, and those that have signed it;
//                                                    until there is one, one that nobody trusts
//     FOLDER/DIRECTORY/shop.example.json             the failures since, if there are any

import { createHash, type X509Certificate } from 'node:crypto';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { certificatesIn, privateKeyIn } from './certificate-check.ts';
import type { KeyPair } from './key-pair.ts';
import { writePrivateFile } from './private-file.ts';

export interface StoredCertificate extends KeyPair {
  readonly path: string;
  /** Shown until there is one. */
  readonly isTemporary: boolean;
  readonly hosts: readonly string[];
  readonly fromMs: number;
  readonly untilMs: number;
  /** From 0 to 1, another for each certificate, and always the same for one. */
  readonly dice: number;
}

/** How often in a row it could not be obtained, and when it may be tried again. */
export interface Failures {
  readonly count: number;
  readonly nextMs: number;
  /** Before that the authority wants to be left alone, whoever asks. */
  readonly notBeforeMs: number;
  readonly reason: string;
}

/** In the words that whoever looks at it should see. */
export const TEMPORARY_ISSUER = 'Kirin: temporary until one has been obtained';

export const NO_FAILURES: Failures = { count: 0, nextMs: 0, notBeforeMs: 0, reason: '' };

export class CertificateStore {
  readonly folder: string;

  /** Of each authority they have a folder of their own: what a test authority has signed is none of the real one's. */
  constructor(folder: string, directoryUrl: string) {
    const { host, pathname } = new URL(directoryUrl);
    this.folder = join(folder, `${host}${pathname}`.replace(/[^A-Za-z0-9.-]+/g, '-').replace(/-$/, ''));
  }

  /** null: there is none, or it cannot be used. It may be for fewer or more hosts than these. */
  find(hosts: readonly string[]): StoredCertificate | null {
    const found = this.#read(hosts);
    return found?.isTemporary === false ? found : null;
  }

  /** The file of these hosts' certificate. Until there is one it may have what is shown in its place. */
  path(hosts: readonly string[]): string {
    return this.#path(hosts, 'pem');
  }

  /** Whether something is there that can be shown for these hosts. */
  canShow(hosts: readonly string[], nowMs: number): boolean {
    const found = this.#read(hosts);
    if (found === null) return false;
    return !found.isTemporary || (isFor(found, hosts) && found.untilMs > nowMs);
  }

  #read(hosts: readonly string[]): StoredCertificate | null {
    const path = this.path(hosts);
    const text = readOrNull(path);
    if (text === null) return null;
    try {
      return storedCertificate(path, text);
    } catch {
      return null;
    }
  }

  /** @param chain the certificate and those that have signed it, in PEM form */
  keep(hosts: readonly string[], { certificate: chain, key }: KeyPair): void {
    const path = this.#path(hosts, 'pem');
    const text = `${key.trimEnd()}\n${chain.trimEnd()}\n`;
    storedCertificate(path, text);
    writePrivateFile(path, text);
    rmSync(this.#path(hosts, 'json'), { force: true });
  }

  failures(hosts: readonly string[]): Failures {
    const text = readOrNull(this.#path(hosts, 'json'));
    try {
      return text === null ? NO_FAILURES : { ...NO_FAILURES, ...(JSON.parse(text) as Failures) };
    } catch {
      return NO_FAILURES;
    }
  }

  /** They outlive this process: one that is started again and again must not ask again and again. */
  keepFailures(hosts: readonly string[], failures: Failures): void {
    writePrivateFile(this.#path(hosts, 'json'), `${JSON.stringify(failures)}\n`);
  }

  /** Shown until there is one. */
  keepTemporary(hosts: readonly string[], { certificate, key }: KeyPair): void {
    writePrivateFile(this.path(hosts), key + certificate);
  }

  /** Of this authority's folder; null: there is none. */
  read(name: string): string | null {
    return readOrNull(join(this.folder, name));
  }

  write(name: string, text: string): void {
    writePrivateFile(join(this.folder, name), text);
  }

  /** A site is known by its first host: when others come or go, its file stays. */
  #path(hosts: readonly string[], suffix: string): string {
    return join(this.folder, `${(hosts[0] as string).replace(/[^a-z0-9.-]/g, '_')}.${suffix}`);
  }
}

/** Whether it is for all of these hosts, and for no others. */
export function isFor({ hosts }: StoredCertificate, wanted: readonly string[]): boolean {
  return hosts.length === wanted.length && wanted.every((host) => hosts.includes(host));
}

function storedCertificate(path: string, text: string): StoredCertificate {
  const certificates = certificatesIn({ text, place: path });
  const key = privateKeyIn({ text, place: path }, null);
  const own = certificates[0] as X509Certificate;
  if (!own.checkPrivateKey(key)) throw new Error(`${path}: the key is another certificate's`);
  return {
    path,
    isTemporary: own.issuer === `CN=${TEMPORARY_ISSUER}`,
    certificate: certificates.map(String).join(''),
    key: key.export({ type: 'pkcs8', format: 'pem' }) as string,
    hosts: namesOf(own),
    fromMs: Date.parse(own.validFrom),
    untilMs: Date.parse(own.validTo),
    dice: createHash('sha256').update(own.raw).digest().readUInt32BE() / 2 ** 32,
  };
}

function namesOf({ subjectAltName = '' }: X509Certificate): string[] {
  return subjectAltName.split(', ').flatMap((name) => (name.startsWith('DNS:') ? [name.slice(4)] : []));
}

function readOrNull(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}
