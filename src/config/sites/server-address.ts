import { isIPv4, isIPv6 } from 'node:net';
import { resolve } from 'node:path';
import type { ServerAddress } from '../../protocol/supervision/upstream.ts';
import { ValueProblem } from '../setting.ts';

/** Nginx's, for a server without one. */
const DEFAULT_PORT = 80;
const HOST_NAME = /^[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*\.?$/i;
// sun_path holds 108 bytes on Linux, 104 elsewhere, with a NUL at the end.
const MAX_UNIX_PATH_BYTES = process.platform === 'linux' ? 107 : 103;

/**
 * `10.0.0.1:8000`, `[::1]:8000`, `app:8000`, `app`, `unix:/run/app.sock`.
 * @param folder what the path of a socket is relative to
 * @throws {ValueProblem}
 */
export function serverAddress(text: string, folder: string): ServerAddress {
  if (text.startsWith('unix:')) return unixAddress(text, folder);
  const scheme = /^([a-z]+):\/\//i.exec(text)?.[1];
  if (scheme !== undefined) {
    const plain = text.slice(scheme.length + 3);
    throw new ValueProblem(
      `'${text}': a server has no scheme; write "${plain}", and ${scheme}:// where it is proxied to`,
    );
  }
  if (isIPv6(text)) throw new ValueProblem(`an IPv6 address needs brackets: [${text}]:8000`);
  const [, bracketed, name, portText] = /^(?:\[([^\]]*)\]|([^:[\]]*))(?::(.*))?$/s.exec(text) ?? [];
  const host = bracketed ?? name;
  if (host === undefined || (bracketed === undefined ? !isHost(host) : !isIPv6(host))) {
    throw new ValueProblem(
      `'${text}' is no address of a server; give one such as 10.0.0.1:8000, app:8000 or unix:/run/app.sock`,
    );
  }
  return { kind: 'tcp', host: host.toLowerCase(), port: port(portText, text) };
}

function isHost(host: string): boolean {
  return isIPv4(host) || isHostName(host);
}

/** Digits and dots that are no address are a typing mistake, and no name. */
export function isHostName(name: string): boolean {
  return HOST_NAME.test(name) && name.length <= 253 && !/^[\d.]+$/.test(name);
}

function port(text: string | undefined, address: string): number {
  if (text === undefined) return DEFAULT_PORT;
  const number = Number(text);
  if (/^\d+$/.test(text) && number >= 1 && number <= 65_535) return number;
  throw new ValueProblem(`'${address}': '${text}' is no port; give a number from 1 to 65535`);
}

function unixAddress(text: string, folder: string): ServerAddress {
  const written = text.slice('unix:'.length).replace(/^\/\//, '');
  if (written === '') throw new ValueProblem(`'${text}' has no path; give one such as unix:/run/app.sock`);
  const path = resolve(folder, written);
  const bytes = Buffer.byteLength(path);
  if (bytes <= MAX_UNIX_PATH_BYTES) return { kind: 'unix', path };
  throw new ValueProblem(
    `'${text}': the socket's path has ${bytes} bytes; the system allows ${MAX_UNIX_PATH_BYTES}`,
  );
}
