import { ERROR, type ErrorCode, FLAG, FRAME, FRAME_HEADER_BYTES, PREFACE, readUint31 } from './frames.ts';

export interface FrameTaker {
  /** One whole frame, of any type but DATA. Its payload is bytes[start, end), and changes after this returns. */
  takeFrame(type: number, flags: number, streamId: number, bytes: Buffer, start: number, end: number): void;
  /** A DATA frame begins. `payloadBytes`: with its padding. */
  takeDataStart(streamId: number, payloadBytes: number): void;
  /** A piece of its data. It stays as it is if the chunk that was read does. */
  takeData(bytes: Buffer): void;
  takeDataEnd(flags: number): void;
  /** The connection cannot be read any further. */
  takeViolation(code: ErrorCode, reason: string): void;
}

/** What is being read. */
type State = 'preface' | 'header' | 'payload' | 'pad-length' | 'data' | 'padding' | 'over';

const NOTHING = Buffer.alloc(0);

/** Cuts what a client sends into frames. Data is handed on as it comes; all other frames are small, and are when they are whole. */
export class FrameReader {
  readonly #taker: FrameTaker;
  readonly #maxFrameBytes: number;
  #state: State = 'preface';
  /** Bytes until this state is over. */
  #missing = PREFACE.length;
  /** The beginning of what is not whole: of the preface, a header or a payload. */
  #held: Buffer = NOTHING;
  #heldBytes = 0;
  #type = 0;
  #flags = 0;
  #streamId = 0;
  #paddingBytes = 0;

  constructor(taker: FrameTaker, maxFrameBytes: number) {
    this.#taker = taker;
    this.#maxFrameBytes = maxFrameBytes;
  }

  /** Nothing more is read. */
  stop(): void {
    this.#state = 'over';
    this.#held = NOTHING;
  }

  read(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length && this.#state !== 'over') at = this.#step(chunk, at);
  }

  /** Returns how far it came. */
  #step(chunk: Buffer, at: number): number {
    switch (this.#state) {
      case 'data':
        return this.#readData(chunk, at);
      case 'padding':
        return this.#skip(chunk, at);
      default:
        return this.#readWhole(chunk, at);
    }
  }

  /** What is looked at when it is whole: where it lies in the chunk, or put together from several. */
  #readWhole(chunk: Buffer, at: number): number {
    const wanted = this.#missing;
    if (this.#heldBytes === 0 && chunk.length - at >= wanted) {
      this.#takeWhole(chunk, at, at + wanted);
      return at + wanted;
    }
    if (this.#held.length < wanted) this.#held = Buffer.allocUnsafe(wanted);
    const copied = Math.min(wanted - this.#heldBytes, chunk.length - at);
    chunk.copy(this.#held, this.#heldBytes, at, at + copied);
    this.#heldBytes += copied;
    if (this.#heldBytes === wanted) {
      this.#heldBytes = 0;
      this.#takeWhole(this.#held, 0, wanted);
      // Most frames are whole: nothing is kept for the next one that is not.
      if (this.#held.length > FRAME_HEADER_BYTES) this.#held = NOTHING;
    }
    return at + copied;
  }

  #takeWhole(bytes: Buffer, start: number, end: number): void {
    switch (this.#state) {
      case 'preface':
        if (bytes.compare(PREFACE, 0, PREFACE.length, start, end) === 0) this.#awaitHeader();
        else this.#violate(ERROR.protocol, 'the connection does not begin as one of HTTP/2');
        break;
      case 'header':
        this.#takeHeader(bytes, start);
        break;
      case 'pad-length':
        this.#takePadLength(bytes[start] as number);
        break;
      case 'payload':
        this.#awaitHeader();
        this.#taker.takeFrame(this.#type, this.#flags, this.#streamId, bytes, start, end);
        break;
      default:
    }
  }

  #awaitHeader(): void {
    this.#state = 'header';
    this.#missing = FRAME_HEADER_BYTES;
  }

  #takeHeader(bytes: Buffer, at: number): void {
    const length = bytes.readUIntBE(at, 3);
    this.#type = bytes[at + 3] as number;
    this.#flags = bytes[at + 4] as number;
    this.#streamId = readUint31(bytes, at + 5);
    if (length > this.#maxFrameBytes) {
      // RFC 9113 4.2 lets it be an error of a stream where no state is lost; who knows the limit and sends more is lost altogether.
      this.#violate(ERROR.frameSize, `a frame has more than ${this.#maxFrameBytes} bytes`);
    } else if (this.#type === FRAME.data) {
      this.#startData(length);
    } else if (length === 0) {
      this.#taker.takeFrame(this.#type, this.#flags, this.#streamId, NOTHING, 0, 0);
    } else {
      this.#state = 'payload';
      this.#missing = length;
    }
  }

  #startData(length: number): void {
    this.#paddingBytes = 0;
    this.#state = 'data';
    this.#missing = length;
    this.#taker.takeDataStart(this.#streamId, length);
    if (this.#isOver) return;
    if ((this.#flags & FLAG.padded) === 0) {
      this.#endDataWhereDone();
    } else if (length === 0) {
      this.#violate(ERROR.frameSize, 'a padded frame does not say by how much');
    } else {
      this.#state = 'pad-length';
      this.#missing = 1;
      this.#paddingBytes = length - 1;
    }
  }

  #takePadLength(padding: number): void {
    // Until here, this is all that follows.
    const rest = this.#paddingBytes;
    if (padding > rest) {
      this.#violate(ERROR.protocol, 'the padding of a frame is longer than the frame');
      return;
    }
    this.#paddingBytes = padding;
    this.#state = 'data';
    this.#missing = rest - padding;
    this.#endDataWhereDone();
  }

  #readData(chunk: Buffer, at: number): number {
    const end = Math.min(chunk.length, at + this.#missing);
    this.#missing -= end - at;
    this.#taker.takeData(chunk.subarray(at, end));
    if (!this.#isOver) this.#endDataWhereDone();
    return end;
  }

  #endDataWhereDone(): void {
    if (this.#missing > 0) return;
    if (this.#paddingBytes > 0) {
      this.#state = 'padding';
      this.#missing = this.#paddingBytes;
    } else {
      this.#endData();
    }
  }

  #skip(chunk: Buffer, at: number): number {
    const end = Math.min(chunk.length, at + this.#missing);
    this.#missing -= end - at;
    if (this.#missing === 0) this.#endData();
    return end;
  }

  #endData(): void {
    this.#awaitHeader();
    this.#taker.takeDataEnd(this.#flags);
  }

  get #isOver(): boolean {
    return this.#state === 'over';
  }

  #violate(code: ErrorCode, reason: string): void {
    this.stop();
    this.#taker.takeViolation(code, reason);
  }
}
