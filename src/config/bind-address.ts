import { isIPv6 } from 'node:net';
import { type Kind, ValueProblem } from './setting.ts';

/** A place to listen on. */
export type BindAddress = BindPlace & {
  /** What the user wrote, for messages. */
  readonly text: string;
  /** What is spoken there; without it HTTPS where there is a certificate, else HTTP. */
  readonly scheme?: 'http' | 'https';
};

type BindPlace =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string }
  /** An inherited descriptor that is bound already. */
  | { readonly kind: 'fd'; readonly fd: number };

const DEFAULT_PORT = 8000;
const PORT_OF = { http: 80, https: 443 } as const;
const ANY_HOST = '0.0.0.0';
const FORMS =
  'HOST:PORT, :PORT, HOST, [IPV6]:PORT, unix:PATH or fd://N, with http:// or https:// in front where that is to be said';

// sun_path holds 108 bytes on Linux, 104 elsewhere, with a NUL at the end.
const MAX_UNIX_PATH_BYTES = process.platform === 'linux' ? 107 : 103;

/** Addresses, comma-separated; may be given several times. */
export const bindAddresses: Kind<readonly BindAddress[]> = {
  metavar: 'ADDRESS',
  parse: (text) => splitAddresses(text).map(parseBindAddress),
  show: (addresses) => addresses.map((address) => address.text),
  combine: (earlier, later) => [...earlier, ...later],
};

/** A comma separates addresses, except inside a unix path, where one is legal unless another scheme follows it. */
function splitAddresses(text: string): string[] {
  const parts: string[] = [];
  for (const part of text.split(',')) {
    const last = parts.at(-1);
    const belongsToPath = last !== undefined && /^(https?:\/\/)?unix:/.test(last) && !startsAnAddress(part);
    if (belongsToPath) parts[parts.length - 1] = `${last},${part}`;
    else parts.push(part.trim());
  }
  return parts;
}

const startsAnAddress = (part: string): boolean =>
  /^\s*(unix:|fd:\/\/|tcp:\/\/|https?:\/\/)/.test(part) || /^[^/]*:\d+\s*$/.test(part);

/** @throws {ValueProblem} */
export function parseBindAddress(text: string): BindAddress {
  const [, said, rest] = /^(https?):\/\/(.*)$/is.exec(text) ?? [];
  if (rest === undefined) return { ...placeOf(text, DEFAULT_PORT), text };
  const scheme = said?.toLowerCase() === 'https' ? 'https' : 'http';
  return { ...placeOf(rest.replace(/\/$/, ''), PORT_OF[scheme]), text, scheme };
}

function placeOf(text: string, defaultPort: number): BindPlace {
  const unix = /^unix:(?:\/\/)?(.*)$/s.exec(text);
  if (unix !== null) return unixAddress(unix[1] as string);
  const inherited = /^fd:\/\/(.*)$/s.exec(text);
  if (inherited !== null) return inheritedAddress(inherited[1] as string);
  return tcpAddress(text.replace(/^tcp:\/\//, ''), defaultPort);
}

function unixAddress(path: string): BindPlace {
  if (path === '') throw new ValueProblem('no path after unix:; give one such as unix:/run/app.sock');
  const bytes = Buffer.byteLength(path);
  if (bytes > MAX_UNIX_PATH_BYTES) {
    throw new ValueProblem(
      `the socket's path has ${bytes} bytes; the system allows ${MAX_UNIX_PATH_BYTES}`,
      'meaning',
    );
  }
  return { kind: 'unix', path };
}

function inheritedAddress(number: string): BindPlace {
  if (!/^\d+$/.test(number)) throw new ValueProblem('not a file descriptor; give a number such as fd://3');
  return { kind: 'fd', fd: Number(number) };
}

function tcpAddress(address: string, defaultPort: number): BindPlace {
  if (address === '') return { kind: 'tcp', host: ANY_HOST, port: defaultPort };
  const bracketed = /^\[([^\]]*)\](?::(.*))?$/s.exec(address);
  if (bracketed !== null) {
    const host = bracketed[1] as string;
    if (!isIPv6(host))
      throw new ValueProblem(`'${host}' is no IPv6 address; brackets hold one, as in [::1]:8000`);
    return { kind: 'tcp', host: host.toLowerCase(), port: parsePort(bracketed[2], defaultPort) };
  }
  if (isIPv6(address)) throw new ValueProblem(`an IPv6 address needs brackets: [${address}]:${defaultPort}`);
  // Read as a host name, as Gunicorn does, a bare number can never be bound: it is a forgotten colon.
  if (/^\d+$/.test(address))
    throw new ValueProblem(`a host is expected first; for a port alone write :${address}`);

  const [host = '', port, ...rest] = address.split(':');
  if (rest.length > 0) throw new ValueProblem(`not an address; give ${FORMS}`);
  if (/[\s/@?#]/.test(host)) throw new ValueProblem(`'${host}' is no host name; give ${FORMS}`);
  return {
    kind: 'tcp',
    host: host === '' ? ANY_HOST : host.toLowerCase(),
    port: parsePort(port, defaultPort),
  };
}

function parsePort(port: string | undefined, defaultPort: number): number {
  if (port === undefined) return defaultPort;
  if (!/^\d+$/.test(port) || Number(port) > 65_535) {
    throw new ValueProblem(`'${port}' is no port; give a number from 0 (any free port) to 65535`);
  }
  return Number(port);
}
