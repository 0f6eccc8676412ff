// Whether a response is compressed, and what its head says then.

import type { CodingWeights } from '../../protocol/fields/accept-encoding.ts';
import { mediaTypeMatcher, mediaTypeOf } from '../../protocol/fields/media-range.ts';
import type { ResponseHead } from '../../protocol/http1/response-head.ts';
import type { CompressionCoding, CompressionSpec } from '../../protocol/supervision/site.ts';
import { ENCODINGS, type Encoding } from './encodings.ts';

export const EVENT_STREAM = 'text/event-stream';

export interface Choice {
  readonly coding: CompressionCoding;
  readonly encoding: Encoding;
  readonly level: number;
}

/** One route's. */
export class CompressionRules {
  readonly #isType: (type: string) => boolean;
  readonly #takesEvents: boolean;
  readonly #minBytes: number;
  /** The preferred one first. */
  readonly #choices: readonly Choice[];

  constructor({ encodings, types, minBytes, levels }: CompressionSpec) {
    this.#isType = mediaTypeMatcher(types);
    this.#takesEvents = types.includes(EVENT_STREAM);
    this.#minBytes = minBytes;
    this.#choices = encodings.flatMap((coding) => {
      const encoding = ENCODINGS[coding];
      return encoding === undefined ? [] : [{ coding, encoding, level: levels[coding] }];
    });
  }

  /** Whether it is, for a client that takes it. @param bytes of the body; null: not known */
  isCompressible(head: ResponseHead, bytes: number | null): boolean {
    return hasWholeBody(head.status) && this.#isWorthIt(head, bytes);
  }

  /** Whether it is about what may be compressed for others: a part of it, or that it has not changed. Where that is not told, it may be. */
  isOfCompressible(head: ResponseHead): boolean {
    if (head.status === 304) return true;
    if (head.status !== 206) return false;
    if (mediaTypeOf(head.get('content-type') ?? '') === 'multipart/byteranges') return true;
    const [, whole] = /\/(\d+)$/.exec(head.get('content-range') ?? '') ?? [];
    return this.#isWorthIt(head, whole === undefined ? null : Number(whole));
  }

  #isWorthIt(head: ResponseHead, bytes: number | null): boolean {
    if (bytes !== null && bytes < this.#minBytes) return false;
    const type = mediaTypeOf(head.get('content-type') ?? '');
    if (type === EVENT_STREAM ? !this.#takesEvents : !this.#isType(type)) return false;
    const coding = head.get('content-encoding');
    if (coding !== null && coding.toLowerCase() !== 'identity') return false;
    return !NO_TRANSFORM.test(head.all('cache-control').join());
  }

  /** What the client likes best; of what it likes alike, what the route prefers. null: nothing of this. */
  choose(weightOf: CodingWeights): Choice | null {
    let best: Choice | null = null;
    let bestWeight = 0;
    for (const choice of this.#choices) {
      const weight = weightOf(choice.coding);
      if (weight <= bestWeight) continue;
      best = choice;
      bestWeight = weight;
    }
    return weightOf('identity') > bestWeight ? null : best;
  }
}

const NO_TRANSFORM = /(?:^|[,\s])no-transform(?:$|[,\s])/i;

/** Parts of a body (206) are parts of what it is without the coding. */
function hasWholeBody(status: number): boolean {
  return status >= 200 && status !== 204 && status !== 205 && status !== 206 && status !== 304;
}

/** The response says that it has been compressed. */
export function noteCoding(head: ResponseHead, coding: CompressionCoding): void {
  head.remove('content-encoding');
  head.append('Content-Encoding', coding);
  head.remove('content-length');
  // Of the bytes as they were.
  head.remove('accept-ranges');
  head.remove('content-md5');
  head.remove('content-digest');
  weakenTag(head);
}

/** RFC 9110 8.8.1: the bytes are others, what they mean is the same. */
export function weakenTag(head: ResponseHead): void {
  const tag = head.get('etag');
  if (tag?.startsWith('"')) head.set('ETag', `W/${tag}`);
}
