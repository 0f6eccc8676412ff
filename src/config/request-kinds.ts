// Kinds of the settings that are about requests: who may say what about the client, where pages are.

import { isIPv4, isIPv6 } from 'node:net';
import { choice } from './kinds.ts';
import { type Kind, ValueProblem } from './setting.ts';
import { listOfTexts, STRINGS } from './texts.ts';

/** Addresses and networks, comma-separated; `*` is everybody. */
export const addressList: Kind<readonly string[]> = {
  metavar: 'ADDRESSES',
  schema: STRINGS,
  parse(text) {
    const entries = text
      .split(',')
      .map((entry) => entry.trim())
      .filter((entry) => entry !== '');
    for (const entry of entries) checkNetwork(entry);
    return entries;
  },
  fromFile(value) {
    // To Gunicorn None is an empty list: nobody is believed.
    const entries = value === null ? [] : listOfTexts('addresses')(value);
    for (const entry of entries ?? []) checkNetwork(entry);
    return entries;
  },
  show: (entries) => entries,
};

function checkNetwork(entry: string): void {
  if (entry === '*') return;
  const [address = '', prefix, ...rest] = entry.split('/');
  const bits = isIPv4(address) ? 32 : isIPv6(address) ? 128 : 0;
  if (bits === 0 || rest.length > 0) {
    throw new ValueProblem(
      `'${entry}' is no address; give addresses such as 10.0.0.1 or ::1, networks such as 10.0.0.0/8, or *`,
    );
  }
  if (prefix === undefined) return;
  if (!/^\d{1,3}$/.test(prefix) || Number(prefix) > bits) {
    throw new ValueProblem(`'${entry}' is no network: the number after the slash is from 0 to ${bits}`);
  }
  // Also what Gunicorn refuses: 192.168.1.7/24 is a slip for one address or for 192.168.1.0/24, and which one decides who is trusted.
  const hostBits = BigInt(bits - Number(prefix));
  if (hostBits > 0n && (addressAsNumber(address) & ((1n << hostBits) - 1n)) !== 0n) {
    throw new ValueProblem(
      `'${entry}' is an address within a network: give ${address}, or the network's first address with /${prefix}`,
    );
  }
}

function addressAsNumber(address: string): bigint {
  if (isIPv4(address)) return address.split('.').reduce((sum, octet) => (sum << 8n) | BigInt(octet), 0n);
  // new URL writes an embedded IPv4 part as two groups; what remains is at most one ::.
  const canonical = new URL(`http://[${address}]`).hostname.slice(1, -1);
  const [head = '', tail] = canonical.split('::');
  const groups = (part: string) => (part === '' ? [] : part.split(':'));
  const before = groups(head);
  const after = tail === undefined ? [] : groups(tail);
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => '0');
  return [...before, ...zeros, ...after].reduce((sum, group) => (sum << 16n) | BigInt(`0x${group}`), 0n);
}

/** A path prefix such as `/app`, or nothing for the root. */
export const mountPath: Kind<string> = {
  metavar: 'PATH',
  parse(text) {
    const path = text.trim();
    if (path !== '' && !path.startsWith('/')) throw new ValueProblem(`must begin with a slash: /${path}`);
    return path === '/' ? '' : path;
  },
  show: (path) => path,
};

/** Where the health pages are, such as `/-/health`. */
export const healthPath: Kind<string> = {
  metavar: 'PATH',
  parse(text) {
    const path = text.trim();
    if (!/^\/[!-~]*$/.test(path) || /[?#]/.test(path)) {
      throw new ValueProblem('not a path; give one that begins with a slash, such as /-/health');
    }
    return path.replace(/\/+$/, '');
  },
  show: (path) => path,
};

export type HttpProtocol = 'h1' | 'h2';

/** Versions of HTTP, comma-separated. */
export const httpProtocols: Kind<readonly HttpProtocol[]> = {
  metavar: 'STRING',
  schema: STRINGS,
  parse: (text) => checkedProtocols(text.split(',')),
  fromFile(value) {
    const list = listOfTexts('versions')(value);
    return list === undefined ? undefined : checkedProtocols(list);
  },
  show: (protocols) => protocols,
};

function checkedProtocols(words: readonly string[]): readonly HttpProtocol[] {
  const protocols = words.map((word) => word.trim().toLowerCase()).filter((word) => word !== '');
  for (const [index, protocol] of protocols.entries()) {
    if (protocol !== 'h1' && protocol !== 'h2') {
      throw new ValueProblem(`'${protocol}' is no version of HTTP; give h1, or h2,h1`);
    }
    if (protocols.indexOf(protocol) !== index) throw new ValueProblem(`'${protocol}' is given twice`);
  }
  return protocols.length === 0 ? ['h1'] : (protocols as HttpProtocol[]);
}

const cleartextWords = choice(['off', 'prior-knowledge', 'upgrade', 'both'], 'STRING', { '': 'off' });

/** How HTTP/2 begins where there is no TLS. */
export const http2Cleartext: Kind<'off' | 'prior-knowledge'> = {
  metavar: 'STRING',
  schema: { enum: ['off', 'prior-knowledge'] },
  parse(text, context) {
    const word = cleartextWords.parse(text, context);
    if (word === 'off' || word === 'prior-knowledge') return word;
    throw new ValueProblem(
      'the upgrade from HTTP/1.1 is not supported, and RFC 9113 has done away with it; give prior-knowledge',
      'meaning',
    );
  },
  fromFile(value) {
    if (value === null) return undefined;
    if (typeof value === 'boolean') return value ? 'prior-knowledge' : 'off';
    throw new ValueProblem('not one of off, prior-knowledge');
  },
  show: (word) => word,
};
