import type { FrameSink } from '../../../../src/protocol/lane/frame-reader.ts';

export interface CollectedFrame {
  readonly kind: number;
  readonly flags: number;
  readonly id: number;
  readonly a: number;
  readonly b: number;
  payload: string;
}

/** Puts frames together again, and checks that the reader keeps to its contract. */
export class FrameCollector implements FrameSink {
  readonly frames: CollectedFrame[] = [];
  /** Payload bytes that came with the header of the last frame. */
  atOnce = 0;
  #isOpen = false;

  frame(
    kind: number,
    flags: number,
    id: number,
    a: number,
    b: number,
    bytes: Buffer,
    start: number,
    end: number,
    isWhole: boolean,
  ): void {
    if (this.#isOpen) throw new Error('a frame began inside another');
    this.#isOpen = !isWhole;
    this.atOnce = end - start;
    this.frames.push({ kind, flags, id, a, b, payload: bytes.toString('latin1', start, end) });
  }

  more(bytes: Buffer, start: number, end: number, isLast: boolean): void {
    const frame = this.frames.at(-1);
    if (frame === undefined || !this.#isOpen) throw new Error('more of nothing');
    frame.payload += bytes.toString('latin1', start, end);
    this.#isOpen = !isLast;
  }
}
