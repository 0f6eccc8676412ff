import type { Stream, StreamTaker } from '../../../../src/protocol/http2/stream.ts';

/** Whose stream it is: writes down what it is told. */
export class BodyLog implements StreamTaker {
  readonly events: string[] = [];
  readonly pieces: Buffer[] = [];
  /** What it does about a piece, while it is told of it. */
  onData: () => void = () => {};
  onEnd: () => void = () => {};

  takeData(bytes: Buffer): void {
    this.pieces.push(bytes);
    this.events.push(bytes.toString('latin1'));
    this.onData();
  }

  takeEnd(): void {
    this.events.push('(end)');
    this.onEnd();
  }

  noteSent(): void {}

  takeClose(): void {
    this.events.push('(close)');
  }

  get text(): string {
    return Buffer.concat(this.pieces).toString('latin1');
  }
}

export function logBody(stream: Stream): BodyLog {
  const log = new BodyLog();
  stream.taker = log;
  return log;
}
