import { createHash } from 'node:crypto';
import { isIPv6 } from 'node:net';
import { compileTemplate, type Template } from '../template.ts';

/** A longer one is remembered by its digest. */
const MAX_KEY_LENGTH = 200;

/** Whose requests are counted together. '': those are not counted. */
export function limitKey(template: string): Template {
  const key = compileTemplate(template);
  const isAddress = /^\$(remote_addr|\{remote_addr\})$/.test(template);
  return (exchange) => {
    const text = key(exchange);
    if (isAddress && isIPv6(text)) return networkOf(text);
    return text.length > MAX_KEY_LENGTH ? createHash('sha256').update(text).digest('base64') : text;
  };
}

/** Of an IPv6 address, the first 64 bits: that much a provider gives to one customer, who has all addresses within. */
export function networkOf(address: string): string {
  const [head = '', tail = ''] = address.replace(/%.*$/, '').split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === '' ? [] : tail.split(':');
  // An embedded IPv4 address stands for two groups, but never among the first four of those that are written out.
  const missing = 8 - before.length - after.length - (address.includes('.') ? 1 : 0);
  const groups = address.includes('::')
    ? [...before, ...Array.from({ length: missing }, () => '0'), ...after]
    : before;
  const network = groups.slice(0, 4).map((group) => group.toLowerCase().replace(/^0+(?=.)/, ''));
  return `${network.join(':')}::/64`;
}
