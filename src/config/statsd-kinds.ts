import { isIPv6 } from 'node:net';
import type { StatsdAddress } from '../base/statsd-address.ts';
import { type Kind, ValueProblem } from './setting.ts';

const STATSD_PORT = 8125;

/** Where StatsD listens; an empty text is nowhere. */
export const statsdAddress: Kind<StatsdAddress | null> = {
  metavar: 'ADDRESS',
  parse: (text) => (text.trim() === '' ? null : parseStatsdAddress(text.trim())),
  fromFile: (value) => (value === null ? null : undefined),
  show: ({ text }) => text,
};

function parseStatsdAddress(text: string): StatsdAddress {
  const unix = /^unix:(?:\/\/)?(.*)$/s.exec(text);
  // `unix:8125` was a host of that name once, and still is to Gunicorn.
  if (unix !== null && !/^unix:\d+$/.test(text)) {
    if (unix[1] === '')
      throw new ValueProblem('no path after unix://; give one such as unix:///run/statsd.sock');
    return { kind: 'unix', path: unix[1] as string, text };
  }
  const [, bracketed, name, port] = /^(?:\[([^\]]*)\]|([^:/]*))(?::(\d+))?$/.exec(text) ?? [];
  const host = bracketed ?? name ?? '';
  const number = port === undefined ? STATSD_PORT : Number(port);
  if (host === '' || number < 1 || number > 65_535 || (bracketed !== undefined && !isIPv6(bracketed))) {
    throw new ValueProblem(`not an address of StatsD; give HOST:PORT, [IPV6]:PORT or unix://PATH`);
  }
  return { kind: 'udp', host: host.toLowerCase(), port: number, text };
}
