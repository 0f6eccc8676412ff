import { KirinError } from '../base/errors.ts';
import type { BindAddress } from '../config/bind-address.ts';
import type { Notice } from '../config/notices.ts';
import type { ResolvedConfig } from '../config/resolved-config.ts';
import type { SiteSpec } from '../protocol/supervision/site.ts';
import type { Certificates } from './certificates.ts';
import { TicketSecret } from './ticket-secret.ts';

/** Whether anything of it is wanted. */
function wantsTls({ settings, front }: Pick<ResolvedConfig, 'settings' | 'front'>): boolean {
  return settings.certfile !== null || front.sites.some(({ tls }) => tls !== null);
}

/**
 * The certificates that are wanted; null: none. Most want none, and do without the code.
 * @throws {KirinError} when one cannot be used
 */
export async function readCertificates(
  config: ResolvedConfig,
  tickets: TicketSecret,
): Promise<Certificates | null> {
  return read(config, tickets, true);
}

/** The same, and nothing is written: what is not there yet is as it would be made. */
export async function checkCertificates(config: ResolvedConfig): Promise<Certificates | null> {
  return read(config, new TicketSecret(), false);
}

async function read(
  config: ResolvedConfig,
  tickets: TicketSecret,
  writes: boolean,
): Promise<Certificates | null> {
  if (!wantsTls(config)) return null;
  const { Certificates } = await import('./certificates.ts');
  return new Certificates(await withFiles(config, writes), tickets, Date.now());
}

/** Every certificate is a file's from here on. */
async function withFiles(config: ResolvedConfig, writes: boolean): Promise<ResolvedConfig> {
  const isOfFiles = ({ tls }: SiteSpec) => tls === null || tls.source.kind === 'files';
  if (config.front.sites.every(isOfFiles)) return config;
  const { withSiteCertificates } = await import('./acme/site-certificates.ts');
  return withSiteCertificates(config, writes);
}

/**
 * Addresses that are to speak HTTPS need a certificate, and a certificate such an address.
 * @throws {KirinError} for the former
 */
export function checkSchemes(
  addresses: readonly BindAddress[],
  certificates: Certificates | null,
): readonly Notice[] {
  const encrypted = addresses.find(({ scheme }) => scheme === 'https');
  if (certificates === null && encrypted !== undefined) {
    throw new KirinError(
      'tls-unusable',
      `${encrypted.text} is to speak HTTPS, and there is no certificate: give certfile and keyfile, or a site of kirin.toml its tls`,
    );
  }
  if (certificates === null || addresses.some(({ scheme }) => scheme !== 'http')) return [];
  return [
    { level: 'warning', message: 'no address speaks HTTPS (https://…), so that the certificate is not used' },
  ];
}
