import type { CacheFacts } from '../../../src/handlers/cache/shared-cache.ts';
import { exchange } from '../raw-connection.ts';

/** Of the one cache that a Kirin has, with health_path = "/-/health". */
export async function cacheFacts(port: number): Promise<CacheFacts> {
  const request = 'GET /-/health/metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';
  const { body } = await exchange({ port }, request);
  const { caches } = JSON.parse(body.toString('utf8')) as { readonly caches: readonly CacheFacts[] };
  const [only] = caches;
  if (only === undefined) throw new Error('there is no cache');
  return only;
}
