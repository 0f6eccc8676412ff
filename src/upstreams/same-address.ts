import type { EndpointAddress } from './upstream.ts';

export function sameAddress(a: EndpointAddress, b: EndpointAddress): boolean {
  if (a.kind === 'unix') return b.kind === 'unix' && a.path === b.path;
  return b.kind === 'tcp' && a.host === b.host && a.port === b.port;
}
