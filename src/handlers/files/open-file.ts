import { close } from 'node:fs';
import type { SharedFile } from '../exchange.ts';

/** A descriptor that several responses may read from at once: closed when the last who holds it lets go. */
export class OpenFile implements SharedFile {
  readonly fd: number;
  #holders = 1;

  constructor(fd: number) {
    this.fd = fd;
  }

  retain(): void {
    this.#holders += 1;
  }

  release(): void {
    this.#holders -= 1;
    if (this.#holders === 0) close(this.fd, () => {});
  }
}
