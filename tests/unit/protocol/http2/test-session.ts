import { Session, type SessionEvents, type SessionLimits } from '../../../../src/protocol/http2/session.ts';
import type { Stream } from '../../../../src/protocol/http2/stream.ts';
import {
  block,
  type Fields,
  FLAG,
  FRAME,
  type Frame,
  frame,
  GET,
  PREFACE,
  settings,
} from '../../../support/http2-frames.ts';
import { type BodyLog, logBody } from './body-log.ts';
import { SLABS, takeFrames } from './out-frames.ts';

export const LIMITS: SessionLimits = {
  maxConcurrentStreams: 5,
  initialWindowBytes: 65_535,
  maxFrameBytes: 16_384,
  maxHeadBytes: 8192,
};

export const START = Buffer.concat([Buffer.from(PREFACE), settings()]);

/** HEADERS with the end of the stream, or without. */
export function head(streamId: number, isEnd = true, fields: Fields = GET): Buffer {
  const flags = FLAG.endHeaders | (isEnd ? FLAG.endStream : 0);
  return frame(FRAME.headers, flags, streamId, block(fields));
}

export function data(streamId: number, text = '', isEnd = false): Buffer {
  return frame(FRAME.data, isEnd ? FLAG.endStream : 0, streamId, Buffer.from(text));
}

/** A session that writes down what becomes of it. Nobody answers but the test. */
export class TestSession implements SessionEvents {
  readonly session: Session;
  readonly events: string[] = [];
  readonly streams = new Map<number, Stream>();
  readonly logs = new Map<number, BodyLog>();
  readonly fields: (readonly string[] | null)[] = [];
  /** What is done about a request, while it is told of. */
  onRequest: (stream: Stream) => void = () => {};

  constructor(limits: Partial<SessionLimits> = {}) {
    this.session = new Session({ ...LIMITS, ...limits }, SLABS, this);
  }

  /** One that has begun, and whose beginning is of no interest. */
  static begun(limits: Partial<SessionLimits> = {}): TestSession {
    const begun = new TestSession(limits);
    begun.session.start();
    begun.send(START);
    begun.frames();
    return begun;
  }

  send(...pieces: readonly Buffer[]): void {
    for (const piece of pieces) this.session.receive(piece, false);
  }

  /** A request that waits for its answer. */
  open(streamId: number, isEnd = true, isRead = true): Stream {
    this.send(head(streamId, isEnd));
    const stream = this.stream(streamId);
    if (isRead) this.session.read(stream);
    return stream;
  }

  stream(streamId: number): Stream {
    const stream = this.streams.get(streamId);
    if (stream === undefined) throw new Error(`there is no stream ${streamId}`);
    return stream;
  }

  log(streamId: number): BodyLog {
    this.stream(streamId);
    return this.logs.get(streamId) as BodyLog;
  }

  answer(stream: Stream, body = ''): void {
    this.session.sendHead(stream, 200, '200 OK\r\n', '', body === '');
    if (body !== '') this.session.sender.sendAtOnce(stream, body);
  }

  /** All that is there to be sent. */
  frames(): readonly Frame[] {
    return takeFrames(this.session.sender.output);
  }

  /** The same, in short: RST_STREAM and GOAWAY with their codes. */
  said(): string[] {
    return this.frames().map(({ type, flags, stream, payload }) => {
      switch (type) {
        case FRAME.headers:
          return `head ${stream}${(flags & FLAG.endStream) === 0 ? '' : ' end'}`;
        case FRAME.data:
          return `data ${stream} ${payload.length}${(flags & FLAG.endStream) === 0 ? '' : ' end'}`;
        case FRAME.rstStream:
          return `reset ${stream} ${payload.readUInt32BE()}`;
        case FRAME.goaway:
          return `goaway ${payload.readUInt32BE()} ${payload.readUInt32BE(4)}`;
        case FRAME.windowUpdate:
          return `grant ${stream} ${payload.readUInt32BE()}`;
        default:
          return `frame ${type} ${flags}`;
      }
    });
  }

  request(stream: Stream, fields: readonly string[] | null): void {
    this.events.push(`request ${stream.id}`);
    this.fields.push(fields);
    this.streams.set(stream.id, stream);
    this.logs.set(stream.id, logBody(stream));
    this.onRequest(stream);
  }

  answered(stream: Stream): void {
    this.events.push(`answered ${stream.id}`);
    logBody(stream);
    this.session.read(stream);
  }

  refused(): void {
    this.events.push('refused');
  }

  outputBegun(): void {}

  idle(): void {
    this.events.push('idle');
  }

  failed(): void {
    this.events.push('failed');
  }
}
