import { ERROR, FLAG, FRAME, type Violation } from './frames.ts';
import { fragmentOf, HeadAssembler } from './head-assembler.ts';
import { HpackDecoder } from './hpack/decoder.ts';

/** RFC 9113 6.5.2: the default, which is never changed. */
const TABLE_BYTES = 4096;

/** By so much a compressed head may be larger than the fields in it. */
const FRAMING_BYTES = 4096;

/** A whole head, or trailers. */
export interface ReceivedHead {
  readonly streamId: number;
  readonly endsStream: boolean;
  /** Names and values in turn; null: they are more than they may be. */
  readonly fields: readonly string[] | null;
}

/** HEADERS and CONTINUATION frames, until what they hold can be read. */
export class HeadReceiver {
  readonly #maxHeadBytes: number;
  readonly #decoder = new HpackDecoder(TABLE_BYTES);
  /** Between HEADERS and the last CONTINUATION. */
  #begun: HeadAssembler | null = null;

  /** @param maxHeadBytes uncompressed */
  constructor(maxHeadBytes: number) {
    this.#maxHeadBytes = maxHeadBytes;
  }

  /** Which stream's CONTINUATION has to come next; 0: none. */
  get awaited(): number {
    return this.#begun?.streamId ?? 0;
  }

  /** null: more has to come. */
  take(
    type: number,
    flags: number,
    streamId: number,
    bytes: Buffer,
    start: number,
    end: number,
  ): ReceivedHead | Violation | null {
    return type === FRAME.headers
      ? this.#begin(flags, streamId, bytes, start, end)
      : this.#goOn(flags, this.#begun as HeadAssembler, bytes, start, end);
  }

  #begin(
    flags: number,
    streamId: number,
    bytes: Buffer,
    start: number,
    end: number,
  ): ReceivedHead | Violation | null {
    if (streamId % 2 === 0) {
      return { code: ERROR.protocol, reason: 'the streams of a client have odd numbers' };
    }
    const fragment = fragmentOf(flags, streamId, bytes, start, end);
    if ('code' in fragment) return fragment;
    const endsStream = (flags & FLAG.endStream) !== 0;
    if ((flags & FLAG.endHeaders) !== 0) {
      return this.#decode(streamId, endsStream, bytes, fragment.start, fragment.end);
    }
    this.#begun = new HeadAssembler(streamId, endsStream, this.#maxHeadBytes + FRAMING_BYTES);
    return this.#goOn(0, this.#begun, bytes, fragment.start, fragment.end);
  }

  #goOn(
    flags: number,
    head: HeadAssembler,
    bytes: Buffer,
    start: number,
    end: number,
  ): ReceivedHead | Violation | null {
    if (!head.add(bytes, start, end)) {
      return { code: ERROR.enhanceYourCalm, reason: 'a head has too many bytes, or frames' };
    }
    if ((flags & FLAG.endHeaders) === 0) return null;
    this.#begun = null;
    const block = head.whole();
    return this.#decode(head.streamId, head.endsStream, block, 0, block.length);
  }

  /** Whatever becomes of the stream: the heads that follow refer to this one. */
  #decode(
    streamId: number,
    endsStream: boolean,
    bytes: Buffer,
    start: number,
    end: number,
  ): ReceivedHead | Violation {
    const fields = this.#decoder.decode(bytes, start, end, this.#maxHeadBytes);
    if (fields === 'broken') return { code: ERROR.compression, reason: 'a head cannot be decompressed' };
    return { streamId, endsStream, fields: fields === 'too-large' ? null : fields };
  }
}
