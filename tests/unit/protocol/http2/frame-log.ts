import { FrameReader, type FrameTaker } from '../../../../src/protocol/http2/frame-reader.ts';

/** What was read, as lines; data of one frame as one piece, however it came. */
export class FrameLog implements FrameTaker {
  readonly lines: string[] = [];
  /** As they were handed over. */
  readonly pieces: Buffer[] = [];
  #data: string | null = null;

  takeFrame(type: number, flags: number, streamId: number, bytes: Buffer, start: number, end: number): void {
    this.#add(`frame ${type} ${flags} ${streamId} ${bytes.toString('hex', start, end)}`);
  }

  takeDataStart(streamId: number, payloadBytes: number): void {
    this.#add(`data ${streamId} ${payloadBytes}`);
    this.#data = '';
  }

  takeData(bytes: Buffer): void {
    if (this.#data === null) throw new Error('data outside of a frame');
    if (bytes.length === 0) throw new Error('data without any');
    this.#data += bytes.toString('latin1');
    this.pieces.push(bytes);
  }

  takeDataEnd(flags: number): void {
    const data = this.#data;
    this.#data = null;
    this.#add(`${data} ${flags}`);
  }

  takeViolation(code: number): void {
    this.#data = null;
    this.#add(`violation ${code}`);
  }

  #add(line: string): void {
    if (this.#data !== null) throw new Error('a frame inside another');
    this.lines.push(line);
  }
}

/** Each piece is in memory that is used again, as where sockets read. */
export function readFrames(pieces: readonly Buffer[], maxFrameBytes: number): FrameLog {
  const log = new FrameLog();
  const reader = new FrameReader(log, maxFrameBytes);
  for (const piece of pieces) {
    const lent = Buffer.from(piece);
    reader.read(lent);
    lent.fill(0xee);
  }
  return log;
}

export function singleBytes(bytes: Buffer): Buffer[] {
  return Array.from(bytes, (byte) => Buffer.of(byte));
}
