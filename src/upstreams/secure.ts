import { isIP } from 'node:net';
import type { ConnectionOptions, SecureContext } from 'node:tls';
import type { UpstreamTls } from '../protocol/supervision/proxy.ts';
import type { Secure } from './connection.ts';

/** TLS to an upstream. Made once for a route, so that its sessions can be resumed. @param host of the URL, without a port */
export function secureBy({ verify, name, ca, certificate, key }: UpstreamTls, host: string): Secure {
  // Most edges never need it.
  const tls = process.getBuiltinModule('node:tls');
  const known = name ?? host;
  let context: SecureContext | null = null;
  let session: Buffer | undefined;
  return (socket) => {
    context ??= tls.createSecureContext({
      ...(ca === null ? trusted(tls) : { ca }),
      ...(certificate === null ? {} : { cert: certificate }),
      ...(key === null ? {} : { key }),
    });
    const options: ConnectionOptions & { readonly allowHalfOpen: boolean } = {
      socket,
      // RFC 6066 3: never an address.
      servername: isIP(known) === 0 ? known : '',
      host: known,
      ALPNProtocols: ['http/1.1'],
      rejectUnauthorized: verify,
      secureContext: context,
      allowHalfOpen: true,
      ...(session === undefined ? {} : { session }),
    };
    const secured = tls.connect(options);
    secured.on('session', (next) => {
      session = next;
    });
    return secured;
  };
}

type Tls = typeof import('node:tls');

/** Node's own roots, and, where it can tell them, the system's. */
function trusted(tls: Tls): { ca?: string[] } {
  const { getCACertificates } = tls as { getCACertificates?: (kind: string) => string[] };
  if (getCACertificates === undefined) return {};
  return { ca: [...getCACertificates('default'), ...getCACertificates('system')] };
}
