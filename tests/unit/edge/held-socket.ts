import { Duplex } from 'node:stream';

/** A socket whose system takes what is written when the test says so. */
export class HeldSocket extends Duplex {
  readonly #held: (() => void)[] = [];
  /** That were handed over. */
  writes = 0;
  written: Buffer = Buffer.alloc(0);

  override _read(): void {}

  override write(bytes: unknown, ...rest: readonly unknown[]): boolean {
    this.writes += 1;
    return Reflect.apply(super.write, this, [bytes, ...rest]);
  }

  override _write(bytes: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.#held.push(() => {
      this.written = Buffer.concat([this.written, bytes]);
      done();
    });
  }

  /** The system takes what it has been given first. False: it has nothing. */
  takeNext(): boolean {
    const taken = this.#held.shift();
    taken?.();
    return taken !== undefined;
  }
}
