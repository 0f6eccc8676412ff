import { close, open, unlink } from 'node:fs';
import { join } from 'node:path';
import type { Located, SpoolPlace } from './spool-file.ts';

let counter = 0;

/** A file for what does not fit into memory: nobody else's, and gone when it is closed. */
export class OwnFile implements SpoolPlace {
  readonly path: string;
  fd = -1;

  constructor(folder: string) {
    counter += 1;
    this.path = join(folder, `body-${process.pid}-${counter}`);
  }

  open(done: (error: Error | null) => void): void {
    open(this.path, 'wx+', 0o600, (error, fd) => {
      if (error === null) this.fd = fd;
      done(error);
    });
  }

  close(): void {
    close(this.fd, () => {});
    unlink(this.path, () => {});
  }

  locate(at: number): Located {
    return { position: at, room: Number.POSITIVE_INFINITY };
  }

  forget(): void {}
}
