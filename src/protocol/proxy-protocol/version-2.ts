// After the signature: version and command, family and transport, length, addresses, and TLVs, which are skipped.

import { HttpError } from '../http1/errors.ts';
import { formatIPv4, formatIPv6 } from './ip-address.ts';
import { type ProxyHeader, withoutAddresses } from './proxy-header.ts';

const LOCAL = 0x20;
const PROXY = 0x21;

/** Family and transport in one byte, and how many bytes the two endpoints take. Datagrams carry no HTTP/1. */
const ENDPOINT_BYTES: Readonly<Record<number, number>> = { 0: 0, 1: 0, 17: 12, 33: 36, 49: 216 };

/** What its first bytes say, up to the length. */
export interface Version2Start {
  readonly command: number;
  readonly family: number;
  /** Of what follows. */
  readonly byteCount: number;
  /** Of these, the endpoints. */
  readonly endpointBytes: number;
}

/** @param bytes the four behind the signature */
export function parseVersion2Start(bytes: Buffer): Version2Start | HttpError {
  const command = bytes[0] as number;
  const family = bytes[1] as number;
  const byteCount = bytes.readUInt16BE(2);
  if (command !== LOCAL && command !== PROXY) return bad('version and command', command);
  // Whatever a local connection's header holds is to be skipped.
  const endpointBytes = command === LOCAL ? 0 : ENDPOINT_BYTES[family];
  if (endpointBytes === undefined) return bad('family and transport', family);
  if (byteCount < endpointBytes) return bad('length', byteCount);
  return { command, family, byteCount, endpointBytes };
}

/** @param endpoints as many bytes as `endpointBytes` */
export function parseVersion2({ command, family }: Version2Start, endpoints: Buffer): ProxyHeader {
  if (command === LOCAL) return withoutAddresses('LOCAL');
  switch (family) {
    case 0x11:
      return { protocol: 'TCP4', ...internet(endpoints, 4, formatIPv4) };
    case 0x21:
      return { protocol: 'TCP6', ...internet(endpoints, 16, formatIPv6) };
    case 0x31:
      return { protocol: 'UNIX', source: { address: '', port: '' }, destination: null };
    default:
      return withoutAddresses('UNSPEC');
  }
}

/** Both addresses, then both ports. */
function internet(
  bytes: Buffer,
  size: number,
  format: (address: Buffer) => string,
): Pick<ProxyHeader, 'source' | 'destination'> {
  const port = (offset: number) => String(bytes.readUInt16BE(2 * size + offset));
  return {
    source: { address: format(bytes.subarray(0, size)), port: port(0) },
    destination: { address: format(bytes.subarray(size, 2 * size)), port: port(2) },
  };
}

function bad(what: string, value: number): HttpError {
  return new HttpError('bad_proxy_header', `${what} 0x${value.toString(16).padStart(2, '0')}`);
}
