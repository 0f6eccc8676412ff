// What the settings about syslog are written as.

import type { SyslogAddress } from '../base/syslog-address.ts';
import { choice, text } from './kinds.ts';
import { type Kind, ValueProblem } from './setting.ts';

const SYSLOG_PORT = 514;
const FORMS = 'udp://HOST:PORT, tcp://HOST:PORT, unix://PATH, unix://PATH#dgram or unix://PATH#stream';

/** What Gunicorn's default is on this system. */
export function usualSyslogAddress(platform: NodeJS.Platform): string {
  switch (platform) {
    case 'darwin':
      return 'unix:///var/run/syslog';
    case 'freebsd':
      return 'unix:///var/run/log';
    case 'openbsd':
      return 'unix:///dev/log';
    default:
      return 'udp://localhost:514';
  }
}

/** Checked only where syslog is used, as Gunicorn does: programs write configuration files that leave it out by another setting. */
export const syslogAddressText: Kind<string> = text('ADDRESS');

/** @throws {ValueProblem} */
export function parseSyslogAddress(text: string): SyslogAddress {
  const [, scheme, rest = ''] = /^(unix|udp|tcp):\/\/(.*)$/s.exec(text) ?? [];
  if (scheme === undefined) throw new ValueProblem(`not an address of syslog; give one such as ${FORMS}`);
  if (scheme === 'unix') return unixAddress(rest, text);
  const [, bracketed, name, port] = /^(?:\[([^\]]*)\]|([^:]*))(?::([^:]*))?$/s.exec(rest) ?? [];
  if (bracketed === undefined && name === undefined) {
    throw new ValueProblem(`an IPv6 address needs brackets: ${scheme}://[::1]:${SYSLOG_PORT}`);
  }
  const host = (bracketed ?? name) || 'localhost';
  return { kind: scheme as 'udp' | 'tcp', host: host.toLowerCase(), port: portOf(port), text };
}

function unixAddress(rest: string, text: string): SyslogAddress {
  const [path = '', type] = rest.split('#', 2);
  if (path === '') throw new ValueProblem('no path after unix://; give one such as unix:///dev/log');
  if (type !== undefined && type !== 'dgram' && type !== 'stream') {
    throw new ValueProblem(`'#${type}' is no type of socket; give #dgram or #stream, or neither`);
  }
  return { kind: 'unix', path, socket: type ?? 'any', text };
}

function portOf(text: string | undefined): number {
  if (text === undefined) return SYSLOG_PORT;
  const port = Number(text);
  if (!/^\d+$/.test(text) || port < 1 || port > 65_535) {
    throw new ValueProblem(`'${text}' is no port; give a number from 1 to 65535`);
  }
  return port;
}

/** RFC 5424's numbers, under the names of syslog(3). */
export const SYSLOG_FACILITIES = {
  auth: 4,
  authpriv: 10,
  cron: 9,
  daemon: 3,
  ftp: 11,
  kern: 0,
  lpr: 6,
  mail: 2,
  news: 7,
  security: 4,
  syslog: 5,
  user: 1,
  uucp: 8,
  local0: 16,
  local1: 17,
  local2: 18,
  local3: 19,
  local4: 20,
  local5: 21,
  local6: 22,
  local7: 23,
} as const;

export type SyslogFacility = keyof typeof SYSLOG_FACILITIES;

export const syslogFacility = choice(Object.keys(SYSLOG_FACILITIES) as SyslogFacility[], 'NAME');
