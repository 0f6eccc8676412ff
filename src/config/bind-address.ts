import { isIPv6 } from 'node:net';
import { type Kind, ValueProblem } from './setting.ts';

/** A place to listen on. `text` is what the user wrote, for messages. */
export type BindAddress =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number; readonly text: string }
  | { readonly kind: 'unix'; readonly path: string; readonly text: string }
  /** An inherited descriptor that is bound already. */
  | { readonly kind: 'fd'; readonly fd: number; readonly text: string };

const DEFAULT_PORT = 8000;
const ANY_HOST = '0.0.0.0';
const FORMS = 'HOST:PORT, :PORT, HOST, [IPV6]:PORT, unix:PATH or fd://N';

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
    const belongsToPath = last !== undefined && /^unix:/.test(last) && !startsAnAddress(part);
    if (belongsToPath) parts[parts.length - 1] = `${last},${part}`;
    else parts.push(part.trim());
  }
  return parts;
}

const startsAnAddress = (part: string): boolean =>
  /^\s*(unix:|fd:\/\/|tcp:\/\/)/.test(part) || /^[^/]*:\d+\s*$/.test(part);

/** @throws {ValueProblem} */
export function parseBindAddress(text: string): BindAddress {
  const unix = /^unix:(?:\/\/)?(.*)$/s.exec(text);
  if (unix !== null) return unixAddress(unix[1] as string, text);
  const inherited = /^fd:\/\/(.*)$/s.exec(text);
  if (inherited !== null) return inheritedAddress(inherited[1] as string, text);
  return tcpAddress(text.replace(/^tcp:\/\//, ''), text);
}

function unixAddress(path: string, text: string): BindAddress {
  if (path === '') throw new ValueProblem('no path after unix:; give one such as unix:/run/app.sock');
  const bytes = Buffer.byteLength(path);
  if (bytes > MAX_UNIX_PATH_BYTES) {
    throw new ValueProblem(
      `the socket's path has ${bytes} bytes; the system allows ${MAX_UNIX_PATH_BYTES}`,
      'meaning',
    );
  }
  return { kind: 'unix', path, text };
}

function inheritedAddress(number: string, text: string): BindAddress {
  if (!/^\d+$/.test(number)) throw new ValueProblem('not a file descriptor; give a number such as fd://3');
  return { kind: 'fd', fd: Number(number), text };
}

function tcpAddress(address: string, text: string): BindAddress {
  if (address === '') return { kind: 'tcp', host: ANY_HOST, port: DEFAULT_PORT, text };
  const bracketed = /^\[([^\]]*)\](?::(.*))?$/s.exec(address);
  if (bracketed !== null) {
    const host = bracketed[1] as string;
    if (!isIPv6(host))
      throw new ValueProblem(`'${host}' is no IPv6 address; brackets hold one, as in [::1]:8000`);
    return { kind: 'tcp', host: host.toLowerCase(), port: parsePort(bracketed[2]), text };
  }
  if (isIPv6(address)) throw new ValueProblem(`an IPv6 address needs brackets: [${address}]:${DEFAULT_PORT}`);
  // Read as a host name, as Gunicorn does, a bare number can never be bound: it is a forgotten colon.
  if (/^\d+$/.test(address))
    throw new ValueProblem(`a host is expected first; for a port alone write :${address}`);

  const [host = '', port, ...rest] = address.split(':');
  if (rest.length > 0) throw new ValueProblem(`not an address; give ${FORMS}`);
  if (/[\s/@?#]/.test(host)) throw new ValueProblem(`'${host}' is no host name; give ${FORMS}`);
  return { kind: 'tcp', host: host === '' ? ANY_HOST : host.toLowerCase(), port: parsePort(port), text };
}

function parsePort(port: string | undefined): number {
  if (port === undefined) return DEFAULT_PORT;
  if (!/^\d+$/.test(port) || Number(port) > 65_535) {
    throw new ValueProblem(`'${port}' is no port; give a number from 0 (any free port) to 65535`);
  }
  return Number(port);
}
