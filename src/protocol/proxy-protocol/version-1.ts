// "PROXY TCP4 192.0.2.1 198.51.100.1 56324 443", in every byte as the specification has it: one space between, no leading zeros.

import { HttpError, quoted } from '../http1/errors.ts';
import { parseIPv4, parseIPv6 } from './ip-address.ts';
import { type Endpoint, type ProxyHeader, withoutAddresses } from './proxy-header.ts';

/** What follows UNKNOWN is to be ignored. */
const UNKNOWN = /^PROXY UNKNOWN(?: [ -~]*)?$/;
const PORT = /^(?:0|[1-9]\d{0,4})$/;
const MAX_PORT = 65_535;

/** @param line without its line end */
export function parseVersion1(line: string): ProxyHeader | HttpError {
  if (UNKNOWN.test(line)) return withoutAddresses('UNKNOWN');
  const [, protocol, source = '', destination = '', sourcePort = '', destinationPort = '', ...more] =
    line.split(' ');
  const parse = protocol === 'TCP4' ? parseIPv4 : protocol === 'TCP6' ? parseIPv6 : null;
  if (parse === null || more.length > 0) return bad(line);
  const client = endpoint(parse(source), sourcePort);
  const server = endpoint(parse(destination), destinationPort);
  if (client === null || server === null) return bad(line);
  return { protocol: protocol as 'TCP4' | 'TCP6', source: client, destination: server };
}

function endpoint(address: string | null, port: string): Endpoint | null {
  return address !== null && PORT.test(port) && Number(port) <= MAX_PORT ? { address, port } : null;
}

const bad = (line: string): HttpError => new HttpError('bad_proxy_header', quoted(line));
