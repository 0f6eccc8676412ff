import { lookup } from 'node:dns/promises';
import { chownSync, lstatSync, unlinkSync } from 'node:fs';
import net from 'node:net';
import type { BindAddress } from '../config/bind-address.ts';
import type { ListenerSpec } from '../protocol/supervision/edge.ts';
import { BindError, type BoundSocket, bindTcp, bindUnix } from './bind-socket.ts';
import { FIRST_LISTENER_FD } from './edge-process.ts';
import { inheritSocket } from './inherited-socket.ts';

interface SocketFileOptions {
  readonly umask: number;
  readonly owner: { readonly uid: number; readonly gid: number } | null;
}

export interface ListenerOptions extends SocketFileOptions {
  /** For its URL. */
  readonly scheme: 'http' | 'https';
}

/** A listening socket of Kirin's: bound here, listened on by the edge. */
export interface Listener {
  readonly socket: BoundSocket;
  /** As the edge is told. */
  readonly spec: ListenerSpec;
  /** As people are told: `http://127.0.0.1:8000`, `unix:/run/app.sock`. */
  readonly url: string;
}

/** `index` is the listener's place among all: it becomes its descriptor in the edge. */
export async function bindListener(
  address: BindAddress,
  index: number,
  options: ListenerOptions,
): Promise<Listener> {
  const { scheme } = options;
  const fd = FIRST_LISTENER_FD + index;
  if (address.kind === 'tcp') {
    const host = await resolveHost(address.host);
    const socket = bindTcp(host, address.port);
    return tcpListener(socket, fd, scheme, host, socket.port);
  }
  if (address.kind === 'fd') {
    const { socket, tcp, path } = inheritSocket(address.fd);
    if (tcp !== null) return tcpListener(socket, fd, scheme, tcp.address, tcp.port);
    const url = path === null ? `fd://${address.fd}` : `unix:${path}`;
    return { socket, url, spec: { fd, kind: 'unix', path: path ?? url } };
  }
  const socket = await bindSocketFile(address.path, options);
  return { socket, url: `unix:${address.path}`, spec: { fd, kind: 'unix', path: address.path } };
}

function tcpListener(
  socket: BoundSocket,
  fd: number,
  scheme: ListenerOptions['scheme'],
  host: string,
  port: number,
): Listener {
  const url = `${scheme}://${host.includes(':') ? `[${host}]` : host}:${port}`;
  return { socket, url, spec: { fd, kind: 'tcp', host, port } };
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
