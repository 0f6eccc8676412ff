import type { AccessRecord } from '../../../src/observe/access-record.ts';

/** A record of one ordinary exchange, with what a test wants to be different. */
export function record(different: Partial<AccessRecord> = {}): AccessRecord {
  return {
    remoteAddress: '192.0.2.7',
    requestLine: 'GET /shop?q=1 HTTP/1.1',
    method: 'GET',
    path: '/shop',
    query: 'q=1',
    protocol: 'HTTP/1.1',
    status: 200,
    bodyBytes: 5,
    referer: null,
    userAgent: 'curl/8',
    authUser: null,
    startedAtMs: Date.parse('2026-11-21T11:10:00.900Z'),
    durationUs: 1_234_567,
    queuedUs: 321.9,
    serviceUs: 4567,
    scheme: 'http',
    cacheStatus: null,
    upstream: null,
    workerPid: 77,
    requestField: () => null,
    responseField: () => null,
    requestFields: () => [],
    responseFields: () => [],
    environ: () => null,
    ...different,
  };
}
