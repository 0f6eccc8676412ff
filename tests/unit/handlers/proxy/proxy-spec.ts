import type { ProxySpec } from '../../../../src/protocol/supervision/proxy.ts';

/** As `proxy = "http://app:8000"` is read, but for `changes`. */
export function proxySpec(changes: Partial<ProxySpec> = {}): ProxySpec {
  return {
    scheme: 'http',
    host: 'app:8000',
    address: { kind: 'tcp', host: 'app', port: 8000 },
    path: null,
    setHeaders: [],
    removeHeaders: [],
    hideHeaders: [],
    redirects: 'own',
    buffering: true,
    requestBuffering: true,
    connectTimeoutMs: 5000,
    firstByteTimeoutMs: 60_000,
    silenceTimeoutMs: 60_000,
    upgrade: true,
    maxHeadBytes: 65_536,
    retry: { on: ['error', 'timeout'], tries: 0, withinMs: 0, unsafe: false },
    tls: null,
    ...changes,
  };
}
