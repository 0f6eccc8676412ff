import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeTemporaryFolder, removeFolder } from './temporary-folder.ts';

/** Why certificates cannot be made here, or false. */
export const opensslIsMissing: string | false =
  spawnSync('openssl', ['version']).status !== 0 && 'openssl is not installed';

export interface Certificate {
  readonly name: string;
  /** Files in PEM form. */
  readonly cert: string;
  readonly key: string;
}

export interface CertificateOptions {
  /** Who signs it; itself, unless this is given. */
  readonly by?: Certificate;
  /** As `openssl x509 -not_before` has it; for one that has expired, or does not hold yet. */
  readonly days?: number;
  /** What it is for; this machine, unless this is given. */
  readonly hosts?: readonly string[];
}

/** A folder of keys and certificates, all made for this run. */
export class CertificateFolder {
  readonly path = makeTemporaryFolder();

  /** An authority: signs others. */
  authority(name: string): Certificate {
    return this.#make(name, ['-addext', 'basicConstraints=critical,CA:TRUE'], {});
  }

  /** For a server on this machine, and for clients. */
  certificate(name: string, options: CertificateOptions = {}): Certificate {
    const { hosts } = options;
    const names = hosts?.map((host) => `DNS:${host}`).join(',') ?? 'DNS:localhost,IP:127.0.0.1';
    return this.#make(name, ['-addext', `subjectAltName=${names}`], options);
  }

  #make(name: string, extensions: readonly string[], { by, days = 2 }: CertificateOptions): Certificate {
    const made = { name, cert: this.file(`${name}.pem`), key: this.file(`${name}.key`) };
    const signer = by === undefined ? [] : ['-CA', by.cert, '-CAkey', by.key];
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', made.key];
    const subject = ['-subj', `/C=DE/O=Kirin/CN=${name}`];
    if (days >= 0) {
      this.openssl(
        'req',
        '-x509',
        ...key,
        ...subject,
        '-days',
        `${days}`,
        '-out',
        made.cert,
        ...extensions,
        ...signer,
      );
      return made;
    }
    // `openssl req` makes none that are over; a clock that is wrong by -days does.
    const request = this.file(`${name}.csr`);
    this.openssl('req', '-new', ...key, ...subject, '-out', request);
    this.openssl('x509', '-req', '-in', request, '-signkey', made.key, '-days', `${days}`, '-out', made.cert);
    return made;
  }

  /** What `by` says of the certificate: the path of a file in DER form. */
  ocspResponse(certificate: Certificate, by: Certificate, { isRevoked = false, days = 1 } = {}): string {
    const [, serial = ''] =
      /^serial=(\w+)/m.exec(this.openssl('x509', '-in', certificate.cert, '-noout', '-serial')) ?? [];
    const revoked = isRevoked ? '260101000000Z' : '';
    const row = [
      isRevoked ? 'R' : 'V',
      '360101000000Z',
      revoked,
      serial,
      'unknown',
      `/CN=${certificate.name}`,
    ];
    const index = this.write(`${certificate.name}.index`, `${row.join('\t')}\n`);
    const file = this.file(`${certificate.name}.ocsp`);
    const signing = [
      '-index',
      index,
      '-rsigner',
      by.cert,
      '-rkey',
      by.key,
      '-CA',
      by.cert,
      '-ndays',
      `${days}`,
    ];
    this.openssl(
      'ocsp',
      ...signing,
      '-issuer',
      by.cert,
      '-cert',
      certificate.cert,
      '-respout',
      file,
      '-noverify',
    );
    return file;
  }

  file(name: string): string {
    return join(this.path, name);
  }

  read(path: string): string {
    return readFileSync(path, 'utf8');
  }

  write(name: string, ...texts: readonly string[]): string {
    const path = this.file(name);
    writeFileSync(path, texts.join(''));
    return path;
  }

  openssl(...args: readonly string[]): string {
    return execFileSync('openssl', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  }

  remove(): void {
    removeFolder(this.path);
  }
}
