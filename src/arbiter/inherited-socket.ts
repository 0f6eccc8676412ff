import { fstatSync, readFileSync, type Stats } from 'node:fs';
import { adoptSocket, BindError, type BoundSocket } from './bind-socket.ts';

/** A socket that this process was started with. */
export interface InheritedSocket {
  readonly socket: BoundSocket;
  /** null: no TCP socket. */
  readonly tcp: { readonly address: string; readonly port: number } | null;
  /** Of a unix socket: its file, or `@name` where it has none; null where the system does not tell. */
  readonly path: string | null;
}

/**
 * Takes a socket over that can be listened on.
 * @throws {BindError} that says what the descriptor is instead
 */
export function inheritSocket(fd: number): InheritedSocket {
  const file = fileOf(fd);
  if (!file?.isSocket()) {
    throw noSuchDescriptor(fd, file === null ? '' : `, but ${kindOf(file)}`);
  }
  const row = findUnixSocket(readText('/proc/net/unix'), String(file.ino));
  if (row?.isStream === false) throw notForStreams(fd);
  if (row?.isConnected) throw alreadyConnected(fd);
  const adopted = adopt(fd);
  if (adopted.isConnected) {
    adopted.close();
    throw alreadyConnected(fd);
  }
  return { socket: adopted, tcp: adopted.tcp, path: row?.path ?? null };
}

function adopt(fd: number): ReturnType<typeof adoptSocket> {
  try {
    return adoptSocket(fd);
  } catch (error) {
    // Whatever is a stream is taken.
    throw error instanceof BindError && error.code === 'EINVAL' ? notForStreams(fd) : error;
  }
}

export const noSuchDescriptor = (fd: number, what = ''): BindError =>
  new BindError('EBADF', `kirin was given no socket as descriptor ${fd}${what}`);

const notForStreams = (fd: number): BindError =>
  new BindError(
    'ESOCKTNOSUPPORT',
    `descriptor ${fd} is no stream socket; systemd opens one by ListenStream=`,
  );

const alreadyConnected = (fd: number): BindError =>
  new BindError(
    'EISCONN',
    `descriptor ${fd} is one client's connection; systemd hands over what listens by Accept=no`,
  );

interface UnixSocketRow {
  readonly isStream: boolean;
  readonly isConnected: boolean;
  readonly path: string | null;
}

const STREAM = '0001';
const CONNECTED = '03';

/** From the text of /proc/net/unix; null when it is not there. */
export function findUnixSocket(table: string, inode: string): UnixSocketRow | null {
  for (const line of table.split('\n').slice(1)) {
    const match = /^\S+: \S+ \S+ \S+ (\S+) (\S+) +(\d+)(?: (.+))?$/.exec(line);
    if (match === null || match[3] !== inode) continue;
    return { isStream: match[1] === STREAM, isConnected: match[2] === CONNECTED, path: match[4] ?? null };
  }
  return null;
}

/** O_CLOEXEC, as /proc tells a descriptor's flags. */
const CLOSE_ON_EXEC = 0o2000000;

/**
 * Whether children inherit the descriptor. At its start Node keeps from them what it has inherited itself, but stops at the first gap
 * above 15.
 */
export function leaks(fd: number): boolean {
  const flags = /^flags:\s*(\d+)/m.exec(readText(`/proc/self/fdinfo/${fd}`))?.[1];
  return flags !== undefined && (Number.parseInt(flags, 8) & CLOSE_ON_EXEC) === 0;
}

function fileOf(fd: number): Stats | null {
  try {
    return fstatSync(fd);
  } catch {
    return null; // not open
  }
}

function kindOf(file: Stats): string {
  if (file.isFIFO()) return 'a pipe';
  if (file.isFile()) return 'a file';
  if (file.isDirectory()) return 'a folder';
  return 'something else';
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // no /proc
  }
}
