import { KirinError } from '../base/errors.ts';
import type { BindAddress } from '../config/bind-address.ts';
import type { Notice } from '../config/notices.ts';
import type { ResolvedConfig } from '../config/resolved-config.ts';
import type { TlsConfig } from '../protocol/supervision/tls-config.ts';
import type { TlsReading } from './tls-files.ts';

/** Whether anything of it is wanted. */
export function wantsTls({ settings, front }: Pick<ResolvedConfig, 'settings' | 'front'>): boolean {
  return settings.certfile !== null || front.sites.some(({ tls }) => tls !== null);
}

/**
 * What TLS needs, where it is wanted. Most have no certificate, and do without the code.
 * @throws {KirinError} when it cannot be used
 */
export async function withTls(config: ResolvedConfig): Promise<TlsReading> {
  if (!wantsTls(config)) return { tls: null, notices: [] };
  const { readTls } = await import('./tls-files.ts');
  return readTls(config, Date.now());
}

/**
 * Addresses that are to speak HTTPS need a certificate, and a certificate such an address.
 * @throws {KirinError} for the former
 */
export function checkSchemes(addresses: readonly BindAddress[], tls: TlsConfig | null): readonly Notice[] {
  const encrypted = addresses.find(({ scheme }) => scheme === 'https');
  if (tls === null && encrypted !== undefined) {
    throw new KirinError(
      'tls-unusable',
      `${encrypted.text} is to speak HTTPS, and there is no certificate: give certfile and keyfile, or a site of kirin.toml its tls`,
    );
  }
  if (tls === null || addresses.some(({ scheme }) => scheme !== 'http')) return [];
  return [
    { level: 'warning', message: 'no address speaks HTTPS (https://…), so that the certificate is not used' },
  ];
}
