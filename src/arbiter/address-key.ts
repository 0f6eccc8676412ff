import { resolve } from 'node:path';
import type { BindAddress } from '../config/bind-address.ts';

/** The same for addresses that are the same place, so that a new Kirin recognises the sockets of the one before it. */
export function addressKey(address: BindAddress): string {
  switch (address.kind) {
    case 'tcp':
      return `tcp:${address.host}:${address.port}`;
    case 'unix':
      return `unix:${resolve(address.path)}`;
    case 'fd':
      return `fd:${address.fd}`;
  }
}
