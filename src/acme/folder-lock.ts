// One at a time obtains certificates for a folder, whichever Kirin has started it. The lock is an address of a socket without a file
// (unix(7), "abstract"): the system gives it to one process alone, and takes it back when that ends, in whatever way. It is seen within a
// machine's network namespace.

import { mkdirSync, statSync } from 'node:fs';
import { createServer } from 'node:net';

/** False: another process has it. It is this one's until it ends; where the system has no such sockets, it is everybody's. */
export function takeFolderLock(folder: string): Promise<boolean> {
  const server = createServer((socket) => socket.destroy());
  return new Promise((resolve) => {
    server.on('error', ({ code }: NodeJS.ErrnoException) => resolve(code !== 'EADDRINUSE'));
    server.listen({ path: lockAddress(folder) }, () => resolve(true));
  });
}

/** By what the folder is, and not by its name: there may be links to it. */
function lockAddress(folder: string): string {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const { dev, ino } = statSync(folder, { bigint: true });
  return `\0kirin-acme-${dev}-${ino}`;
}
