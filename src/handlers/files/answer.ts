// A file that was found, as the answer to one request.

import type { ByteRange } from '../../protocol/fields/byte-ranges.ts';
import { RESPONSE_FLAG } from '../../protocol/lane/frames.ts';
import { codingWeights } from '../coding-weights.ts';
import type { Exchange, FilePart } from '../exchange.ts';
import { evaluate, readConditions } from './conditions.ts';
import type { FoundFile } from './file-cache.ts';
import type { Representation } from './representation.ts';

export function answerWithFile(exchange: Exchange, { representations }: FoundFile): void {
  const [original] = representations;
  const { fields, method } = exchange.head;
  const chosen =
    representations.length === 1 ? original : chooseCoding(representations, fields.list('accept-encoding'));
  const conditions = readConditions(fields);
  if (conditions === null) {
    sendWhole(exchange, chosen);
    return;
  }
  const verdict = evaluate(conditions, chosen, method, Math.floor(Date.now() / 1000));
  if (verdict === 'whole') {
    sendWhole(exchange, chosen);
  } else if (verdict === 'not-modified') {
    exchange.respond(`304 Not Modified\r\n${chosen.commonFields}`, 0, '');
  } else if (verdict === 'failed') {
    exchange.refuse(412);
  } else if (verdict === 'unsatisfiable') {
    exchange.refuse(416, '', `Content-Range: bytes */${chosen.size}\r\n`);
  } else if (verdict.length === 1) {
    sendRange(exchange, chosen, verdict[0] as ByteRange);
  } else {
    sendRanges(exchange, chosen, verdict);
  }
}

/**
 * What the client likes best; of what it likes alike the first after the original, since that is longer. A client that takes nothing of
 * what there is gets the original, rather than a 406 that nobody could act on.
 */
function chooseCoding(
  representations: FoundFile['representations'],
  acceptEncoding: string | undefined,
): Representation {
  const weightOf = codingWeights(acceptEncoding);
  const [original, ...others] = representations;
  let best = original;
  let bestWeight = 0;
  for (const other of [...others, original]) {
    const weight = weightOf(other.coding);
    if (weight > bestWeight) {
      best = other;
      bestWeight = weight;
    }
  }
  return best;
}

function sendWhole(exchange: Exchange, representation: Representation): void {
  const { fullHead, content, file, size } = representation;
  if (content !== null) exchange.respond(fullHead, RESPONSE_FLAG.length, content, representation);
  else if (exchange.head.method === 'HEAD') exchange.respond(fullHead, RESPONSE_FLAG.length, '');
  else if (file !== null) {
    const segments = [{ offset: 0, length: size }];
    exchange.respondFile(fullHead, RESPONSE_FLAG.length, { file, segments, length: size });
  }
}

function sendRange(exchange: Exchange, representation: Representation, range: ByteRange): void {
  const { mediaType, contentFields, size } = representation;
  const head = `206 Partial Content\r\nContent-Type: ${mediaType}\r\nContent-Range: ${contentRange(range, size)}\r\nContent-Length: ${range.length}\r\n${contentFields}`;
  sendSegments(exchange, head, representation, [range], range.length);
}

/** RFC 9110 14.6: in the order in which they were asked for. */
function sendRanges(exchange: Exchange, representation: Representation, ranges: readonly ByteRange[]): void {
  const { mediaType, contentFields, size } = representation;
  // Only where it is needed: it takes a start 4 ms.
  const { randomBytes } = process.getBuiltinModule('node:crypto');
  // By chance in no file.
  const boundary = randomBytes(18).toString('base64url');
  const segments: (FilePart | string)[] = [];
  for (const range of ranges) {
    segments.push(
      `\r\n--${boundary}\r\nContent-Type: ${mediaType}\r\nContent-Range: ${contentRange(range, size)}\r\n\r\n`,
      range,
    );
  }
  segments.push(`\r\n--${boundary}--\r\n`);
  const length = segments.reduce((sum, segment) => sum + segment.length, 0);
  const head = `206 Partial Content\r\nContent-Type: multipart/byteranges; boundary=${boundary}\r\nContent-Length: ${length}\r\n${contentFields}`;
  sendSegments(exchange, head, representation, segments, length);
}

function sendSegments(
  exchange: Exchange,
  head: string,
  { content, file }: Representation,
  segments: readonly (FilePart | string)[],
  length: number,
): void {
  if (content !== null) {
    exchange.respond(head, RESPONSE_FLAG.length, cutOut(content, segments));
  } else if (file !== null) {
    exchange.respondFile(head, RESPONSE_FLAG.length, { file, segments, length });
  }
}

/** What these segments are of a content. */
export function cutOut(content: string | Buffer, segments: readonly (FilePart | string)[]): string | Buffer {
  if (typeof content === 'string') {
    const parts = segments.map((segment) =>
      typeof segment === 'string' ? segment : content.slice(segment.offset, segment.offset + segment.length),
    );
    return parts.join('');
  }
  return Buffer.concat(
    segments.map((segment) =>
      typeof segment === 'string'
        ? Buffer.from(segment, 'latin1')
        : content.subarray(segment.offset, segment.offset + segment.length),
    ),
  );
}

export const contentRange = ({ offset, length }: ByteRange, size: number): string =>
  `bytes ${offset}-${offset + length - 1}/${size}`;
