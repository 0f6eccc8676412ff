// Certificates of sites that nobody has given a file for: those that are obtained, and those of this machine's own authority. Each
// becomes a file, and is read like all others.

import { X509Certificate } from 'node:crypto';
import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { dataFolder } from '../../base/data-folder.ts';
import { KirinError } from '../../base/errors.ts';
import type { ResolvedConfig } from '../../config/resolved-config.ts';
import type { CertificateSource, SiteSpec } from '../../protocol/supervision/site.ts';
import { CertificateProblem, certificatesIn } from '../../tls/certificate-check.ts';
import { CertificateStore, TEMPORARY_ISSUER } from '../../tls/certificate-store.ts';
import type { KeyPair } from '../../tls/key-pair.ts';
import {
  AUTHORITY_NAME,
  findAuthority,
  localAuthority,
  localCertificate,
  temporaryCertificate,
} from '../../tls/local-authority.ts';
import { writePrivateFile } from '../../tls/private-file.ts';
import { acmeAccount } from './acme-plan.ts';

/** Of a site for all hosts. */
const THIS_MACHINE = ['localhost', '127.0.0.1', '::1'];
const MONTH_MS = 30 * 86_400_000;

/** A file, and what it would hold if it were written, or null. */
interface FileOrText {
  readonly path: string;
  readonly text: string | null;
}

/**
 * The same, with a file in the place of everything else that a site's certificate can be.
 * @param writes whether what is not there is made; for a check it is shown what would be in the file
 */
export async function withSiteCertificates(config: ResolvedConfig, writes: boolean): Promise<ResolvedConfig> {
  checkAuthorities(config);
  const sites: SiteSpec[] = [];
  // One after another: the first makes the authority that the others have, too.
  for (const site of config.front.sites) sites.push(await withFile(site, config, writes));
  return { ...config, front: { ...config.front, sites } };
}

/** Node would go on without it, and everything would fail for a reason that names it nowhere. */
function checkAuthorities({ settings, sources, front }: ResolvedConfig): void {
  const { acme_ca, chdir } = settings;
  if (acme_ca === null || front.sites.every(({ tls }) => tls?.source.kind !== 'automatic')) return;
  const place = `acme_ca ${acme_ca} (from ${sources.acme_ca})`;
  try {
    certificatesIn({ text: readFileSync(resolve(chdir, acme_ca), 'latin1'), place });
  } catch (error) {
    const { message } = error as Error;
    const isRead = error instanceof CertificateProblem;
    throw new KirinError('tls-unusable', isRead ? message : `${place} cannot be read: ${message}`);
  }
}

async function withFile(site: SiteSpec, config: ResolvedConfig, writes: boolean): Promise<SiteSpec> {
  const { tls, hosts } = site;
  if (tls === null || tls.source.kind === 'files') return site;
  try {
    const { path, text } =
      tls.source.kind === 'automatic' ? await automatic(hosts, config, writes) : await local(hosts, writes);
    const source: CertificateSource = {
      kind: 'files',
      certificate: path,
      ...(text === null ? {} : { certificateText: text }),
      key: null,
      password: null,
      ocsp: null,
    };
    return { ...site, tls: { ...tls, source } };
  } catch (error) {
    if (error instanceof KirinError) throw error;
    const whose = `the certificate of the site ${hosts[0] ?? 'of all other hosts'}, ${tls.place}`;
    throw new KirinError('tls-unusable', `${whose}, cannot be kept: ${(error as Error).message}`);
  }
}

/**
 * Until it has been obtained, one that nobody trusts: whoever looks sees that the server is there, and by the certificate's name
 * what is missing, and neither health checks nor other sites have to know of it.
 */
async function automatic(
  hosts: readonly string[],
  { settings }: ResolvedConfig,
  writes: boolean,
): Promise<FileOrText> {
  const owner = { uid: process.getuid?.() ?? 0 };
  const { folder, directory } = acmeAccount(settings, { env: process.env, owner });
  const store = new CertificateStore(folder, directory);
  const now = new Date();
  const path = store.path(hosts);
  if (store.canShow(hosts, now.getTime())) return { path, text: null };
  const temporary = await temporaryCertificate(hosts, TEMPORARY_ISSUER, now);
  if (!writes) return wouldBe(path, temporary);
  // Meanwhile another Kirin may have obtained one.
  if (!store.canShow(hosts, now.getTime())) store.keepTemporary(hosts, temporary);
  return { path, text: null };
}

/** By `kirin dev-cert`'s authority; renewed when a month is left, hosts have changed, or the authority is another one. */
async function local(siteHosts: readonly string[], writes: boolean): Promise<FileOrText> {
  const hosts = siteHosts.length === 0 ? THIS_MACHINE : siteHosts;
  const folder = join(
    dataFolder({ env: process.env, home: homedir(), platform: process.platform }),
    'dev-cert',
  );
  const now = new Date();
  const path = join(folder, 'sites', `${(hosts[0] as string).replace(/[^a-z0-9.-]/g, '_')}.pem`);
  const authority = writes ? await localAuthority(folder, now) : findAuthority(folder, now);
  if (authority !== null && isGood(path, hosts, authority.certificate, now)) return { path, text: null };
  // Who only checks needs none that anybody trusts.
  if (!writes || authority === null)
    return wouldBe(path, await temporaryCertificate(hosts, AUTHORITY_NAME, now));
  const { key, certificate } = await localCertificate(authority, hosts, now);
  writePrivateFile(path, key + certificate);
  return { path, text: null };
}

/** @throws what writing it would fail with */
function wouldBe(path: string, { key, certificate }: KeyPair): FileOrText {
  let folder = dirname(path);
  while (!existsSync(folder)) folder = dirname(folder);
  accessSync(folder, constants.W_OK | constants.X_OK);
  return { path, text: key + certificate };
}

function isGood(path: string, hosts: readonly string[], authority: string, now: Date): boolean {
  try {
    const certificate = new X509Certificate(readFileSync(path));
    const names = (certificate.subjectAltName ?? '')
      .split(', ')
      .map((name) => name.replace(/^(DNS|IP Address):/, ''));
    const isOurs = certificate.verify(new X509Certificate(authority).publicKey);
    const leftMs = Date.parse(certificate.validTo) - now.getTime();
    const isForAll = names.length === hosts.length && hosts.every((host) => names.includes(shown(host)));
    return isOurs && isForAll && leftMs > MONTH_MS;
  } catch {
    return false;
  }
}

/** As OpenSSL writes IPv6. */
const shown = (host: string): string => (host === '::1' ? '0:0:0:0:0:0:0:1' : host);
