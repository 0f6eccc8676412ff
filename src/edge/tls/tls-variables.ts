import type { X509Certificate } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import type { TlsIdentity } from '../../protocol/supervision/tls-config.ts';

/**
 * What an application learns of a connection's TLS: PEP 3333 asks for HTTPS and for Apache's SSL_ variables. No header can
 * pass for them, since those begin with HTTP_.
 */
export function tlsVariables(
  socket: TLSSocket,
  { clientCertificates }: Pick<TlsIdentity, 'clientCertificates'>,
): ReadonlyMap<string, string> {
  const variables = new Map([
    ['HTTPS', 'on'],
    ['SSL_PROTOCOL', socket.getProtocol() ?? ''],
    ['SSL_CIPHER', socket.getCipher().name],
  ]);
  // What a client says; a name has no other characters (RFC 6066 3).
  const name = (socket as { readonly servername?: string | false | null }).servername;
  if (typeof name === 'string' && /^[!-~]+$/.test(name)) variables.set('SSL_TLS_SNI', name);
  if (clientCertificates !== 'ignored') {
    const certificate = socket.getPeerX509Certificate();
    variables.set('SSL_CLIENT_VERIFY', certificate === undefined ? 'NONE' : 'SUCCESS');
    if (certificate !== undefined) setClientVariables(variables, certificate);
  }
  return variables;
}

function setClientVariables(variables: Map<string, string>, certificate: X509Certificate): void {
  variables.set('SSL_CLIENT_S_DN', distinguishedName(certificate.subject));
  variables.set('SSL_CLIENT_I_DN', distinguishedName(certificate.issuer));
  variables.set('SSL_CLIENT_M_SERIAL', certificate.serialNumber);
  variables.set('SSL_CLIENT_V_START', certificate.validFrom);
  variables.set('SSL_CLIENT_V_END', certificate.validTo);
  variables.set('SSL_CLIENT_CERT', certificate.toString());
}

/** As RFC 4514 writes it, the most specific part first: `CN=anna,O=Shop`. Node has a line for each part, the other way round, with RFC 4514's escapes. */
function distinguishedName(lines: string): string {
  const name = lines.split('\n').toReversed().join(',');
  // WSGI carries bytes as latin-1; a NUL ends a variable on the lane.
  return Buffer.from(name.replaceAll('\0', '')).toString('latin1');
}
