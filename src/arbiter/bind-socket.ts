// The one place that uses Node's undocumented `net._createServerHandle`: it makes a socket and binds it without listening,
// which no public API does (net.Server.listen always listens, and would accept in this process). The same function serves
// node:cluster inside Node, with this signature from Node 12 to 26. tests/unit/arbiter/bind-socket.test.ts notices a change.

import net from 'node:net';
import { getSystemErrorName } from 'node:util';

/** A bound socket that is held open; `fd` may be handed to children. */
export interface BoundSocket {
  readonly fd: number;
  /** Also removes a unix socket's file. May be called again. */
  close(): void;
}

export interface BoundTcpSocket extends BoundSocket {
  /** The real one when port 0 was asked for. */
  readonly port: number;
}

/** The system's code, such as EADDRINUSE, is in `code`. */
export class BindError extends Error {
  readonly code: string;
  /** What people are told, where the code alone would not help them. */
  readonly detail: string | null;

  constructor(code: string, detail: string | null = null) {
    super(detail ?? code);
    this.name = 'BindError';
    this.code = code;
    this.detail = detail;
  }
}

interface Handle {
  readonly fd: number;
  /** Only of TCP handles. */
  getsockname?(out: { address?: string; family?: string; port?: number }): number;
  getpeername?(out: object): number;
  close(): void;
}

type CreateServerHandle = (
  address: string | null,
  port: number,
  addressType: number,
  fd?: number,
) => Handle | number;

export function bindTcp(address: string, port: number): BoundTcpSocket {
  const handle = createHandle(address, port, address.includes(':') ? 6 : 4);
  const name: { port?: number } = {};
  handle.getsockname?.(name);
  // libuv keeps EADDRINUSE back until listen(2); the socket is then left unbound, with port 0.
  if (!name.port) {
    handle.close();
    throw new BindError('EADDRINUSE');
  }
  return { fd: handle.fd, port: name.port, close: () => handle.close() };
}

export function bindUnix(path: string): BoundSocket {
  const handle = createHandle(path, -1, -1);
  return { fd: handle.fd, close: () => handle.close() };
}

export interface AdoptedSocket extends BoundSocket {
  readonly tcp: { readonly address: string; readonly port: number } | null;
  /** Known of TCP sockets alone. */
  readonly isConnected: boolean;
}

/** A socket that this process was given, and what it is bound to. */
export function adoptSocket(fd: number): AdoptedSocket {
  const handle = createHandle(null, 0, -1, fd);
  const name: { address?: string; port?: number } = {};
  handle.getsockname?.(name);
  const tcp = name.address === undefined ? null : { address: name.address, port: name.port ?? 0 };
  return { fd, tcp, isConnected: handle.getpeername?.({}) === 0, close: () => handle.close() };
}

function createHandle(address: string | null, port: number, type: number, fd?: number): Handle {
  const create = (net as unknown as { _createServerHandle: CreateServerHandle })._createServerHandle;
  let handle: Handle | number;
  try {
    handle = create(address, port, type, fd);
  } catch (error) {
    throw new BindError((error as NodeJS.ErrnoException).code ?? 'EINVAL');
  }
  if (typeof handle === 'number') throw new BindError(getSystemErrorName(handle));
  return handle;
}
