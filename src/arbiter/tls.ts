import type { ResolvedConfig } from '../config/resolved-config.ts';
import type { TlsReading } from './tls-files.ts';

/**
 * What TLS needs, where it is wanted. Most have no certificate, and do without the code.
 * @throws {KirinError} when it cannot be used
 */
export async function withTls(config: ResolvedConfig): Promise<TlsReading> {
  if (config.settings.certfile === null) return { tls: null, notices: [] };
  const { readTls } = await import('./tls-files.ts');
  return readTls(config, Date.now());
}
