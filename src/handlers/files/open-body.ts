import { close, open } from 'node:fs';
import type { FileBody } from '../exchange.ts';
import { diskGate } from './disk-gate.ts';

/** Opens what is to be sent, or holds what is open. Every body that is given to somebody goes through here once. */
export function openBody(body: FileBody, done: (error: Error | null, fd: number) => void): void {
  const { file, opened } = body;
  if (typeof file !== 'string') {
    file.retain();
    done(null, file.fd);
    return;
  }
  diskGate.ask<number>(
    (callback) => open(file, 'r', callback),
    (error, fd) => {
      opened?.();
      done(error, fd);
    },
  );
}

export function letGo({ file }: FileBody, fd: number): void {
  if (typeof file === 'string') close(fd, () => {});
  else file.release();
}
