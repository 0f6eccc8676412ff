import { lookup } from 'node:dns/promises';
import { chownSync, lstatSync, rmSync, unlinkSync } from 'node:fs';
import net from 'node:net';
import { resolve } from 'node:path';
import type { BindAddress } from '../config/bind-address.ts';
import type { ListenerSpec } from '../protocol/supervision/edge.ts';
import { addressKey } from './address-key.ts';
import { BindError, type BoundSocket, bindTcp, bindUnix } from './bind-socket.ts';
import { FIRST_LISTENER_FD } from './edge-process.ts';
import { inheritSocket } from './inherited-socket.ts';

interface SocketFileOptions {
  readonly umask: number;
  readonly owner: { readonly uid: number; readonly gid: number } | null;
}

export interface ListenerOptions extends SocketFileOptions {
  /** Of addresses that do not say it. */
  readonly scheme: 'http' | 'https';
}

/** A listening socket of Kirin's: bound here, or given to this process, and listened on by the edge. */
export interface Listener {
  readonly socket: BoundSocket;
  /** As the edge is told. */
  readonly spec: ListenerSpec;
  /** As people are told: `http://127.0.0.1:8000`, `unix:/run/app.sock`. */
  readonly url: string;
  /** As another Kirin recognises it. */
  readonly key: string;
  /** What a Kirin has made for it, and removes at the end. */
  readonly file: string | null;
  /** Closing the socket leaves the file. */
  readonly isInherited: boolean;
}

/** `index` is the listener's place among all: it becomes its descriptor in the edge. */
export async function bindListener(
  address: BindAddress,
  index: number,
  options: ListenerOptions,
): Promise<Listener> {
  const key = addressKey(address);
  const fd = FIRST_LISTENER_FD + index;
  if (address.kind === 'fd') return inheritListener(address, index, address.fd, options);
  if (address.kind === 'tcp') {
    const host = await resolveHost(address.host);
    const socket = bindTcp(host, address.port);
    return {
      socket,
      key,
      file: null,
      isInherited: false,
      ...tcpFacts(fd, address, options, host, socket.port),
    };
  }
  const { path } = address;
  const socket = await bindSocketFile(path, options);
  const file = resolve(path);
  return { socket, key, file, isInherited: false, ...unixFacts(fd, address, path) };
}

/** For a socket that this process has as descriptor `inherited`. */
export function inheritListener(
  address: BindAddress,
  index: number,
  inherited: number,
  options: ListenerOptions,
): Listener {
  const { socket, tcp, path } = inheritSocket(inherited);
  const key = addressKey(address);
  const file = address.kind === 'unix' ? resolve(address.path) : null;
  const fd = FIRST_LISTENER_FD + index;
  const shownPath = address.kind === 'unix' ? address.path : (path ?? address.text);
  const facts =
    tcp === null ? unixFacts(fd, address, shownPath) : tcpFacts(fd, address, options, tcp.address, tcp.port);
  return { socket, key, file, isInherited: true, ...facts };
}

type Facts = Pick<Listener, 'url' | 'spec'>;

function tcpFacts(
  fd: number,
  address: BindAddress,
  options: ListenerOptions,
  host: string,
  port: number,
): Facts {
  const scheme = address.scheme ?? options.scheme;
  const url = `${scheme}://${host.includes(':') ? `[${host}]` : host}:${port}`;
  return { url, spec: { ...said(address), fd, kind: 'tcp', host, port } };
}

function unixFacts(fd: number, address: BindAddress, path: string): Facts {
  const url = path.startsWith('fd://') ? path : `unix:${path}`;
  return { url, spec: { ...said(address), fd, kind: 'unix', path } };
}

const said = ({ scheme }: BindAddress): Pick<ListenerSpec, 'scheme'> =>
  scheme === undefined ? {} : { scheme };

/**
 * `keepsFiles`: another Kirin goes on with the sockets. One that was bound here stays open then, since closing it would remove its
 * file; such ones stay in `listeners`.
 */
export function closeListeners(listeners: Listener[], { keepsFiles }: { keepsFiles: boolean }): void {
  for (const listener of listeners.splice(0)) {
    const { socket, file, isInherited } = listener;
    if (keepsFiles && file !== null && !isInherited) listeners.push(listener);
    else socket.close();
    if (!keepsFiles && file !== null && isInherited) rmSync(file, { force: true });
  }
}

/** An IPv4 address where a name has both, as Gunicorn does; an empty host is every IPv4 address. */
async function resolveHost(host: string): Promise<string> {
  if (host === '') return '0.0.0.0';
  if (net.isIP(host) !== 0) return host;
  const addresses = await lookup(host, { all: true }).catch((error: NodeJS.ErrnoException) => {
    throw new BindError(error.code ?? 'ENOTFOUND');
  });
  const chosen = addresses.find(({ family }) => family === 4) ?? addresses[0];
  if (chosen === undefined) throw new BindError('ENOTFOUND');
  return chosen.address;
}

async function bindSocketFile(path: string, { umask, owner }: SocketFileOptions): Promise<BoundSocket> {
  await removeStaleSocket(path);
  const before = process.umask(umask);
  try {
    const socket = bindUnix(path);
    if (owner !== null) chownSync(path, owner.uid, owner.gid);
    return socket;
  } finally {
    process.umask(before);
  }
}

/** A socket file that nobody answers is left over from a process that was killed. Anything else is not ours to remove. */
async function removeStaleSocket(path: string): Promise<void> {
  const file = lstatSync(path, { throwIfNoEntry: false });
  if (file === undefined) return;
  if (!file.isSocket()) throw new BindError('EEXIST');
  if (await isAnswered(path)) throw new BindError('EADDRINUSE');
  unlinkSync(path);
}

function isAnswered(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect(path);
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
    // A full backlog (EAGAIN) or missing permission means that there is somebody.
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code !== 'ECONNREFUSED'));
  });
}
