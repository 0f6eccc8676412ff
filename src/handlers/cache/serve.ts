// A stored response, as the answer to one request.

import { randomBytes } from 'node:crypto';
import { read } from 'node:fs';
import { parseHttpDate } from '../../protocol/fields/http-date.ts';
import { ResponseHead } from '../../protocol/http1/response-head.ts';
import type { Exchange, FilePart, Producer } from '../exchange.ts';
import { contentRange, cutOut } from '../files/answer.ts';
import { evaluate, readConditions, type Verdict } from '../files/conditions.ts';
import { HOT_BYTES } from './disk/disk-writer.ts';
import { openEntry } from './disk/entry-file.ts';
import { gated } from './disk/gated.ts';
import type { FileOfBody, StoredResponse } from './stored-response.ts';

const WAITING: Producer = { isWaiting: true, pause() {}, resume() {}, cancel() {} };

/** What the conditions of a request make of a response that is there. */
export function verdictOf(
  { head }: Exchange,
  response: {
    readonly status: number;
    readonly entityTag: string | null;
    readonly lastModified: string | null;
  },
  size: number,
): Verdict {
  // RFC 9110 13.2.1: conditions are about what would be a success, and ranges about 200 (14.2).
  const conditions = response.status === 200 ? readConditions(head.fields) : null;
  if (conditions === null) return 'whole';
  const nowSeconds = Math.floor(Date.now() / 1000);
  const { entityTag, lastModified } = response;
  const modifiedSeconds = lastModified === null ? null : parseHttpDate(lastModified, nowSeconds);
  return evaluate(conditions, { entityTag: entityTag ?? '', modifiedSeconds, size }, head.method, nowSeconds);
}

/** The system has none left for anybody, or the disk does not answer: the file may well be there. */
const OUT_OF_REACH = new Set(['EMFILE', 'ENFILE', 'ENOMEM', 'ETIMEDOUT']);

export interface ServeHooks {
  /** Its file is not there any more, or cannot be read; nothing of it has been sent. */
  lost(error: NodeJS.ErrnoException): void;
  /** The same, of what has been sent in part. */
  cut(error: NodeJS.ErrnoException): void;
  /** Its file cannot be opened now. */
  outOfReach(): void;
  /** It was read from its file whole. */
  read(content: Buffer): void;
}

/** @param added lines for the end of the head @param isConditional whether the request has conditions or ranges */
export function serve(
  exchange: Exchange,
  stored: StoredResponse,
  added: string,
  isConditional: boolean,
  hooks: ServeHooks,
): void {
  const verdict = isConditional ? verdictOf(exchange, stored.facts, stored.bodyBytes) : 'whole';
  if (verdict === 'whole') {
    send(
      exchange,
      stored.head + added,
      stored.flags,
      stored,
      [{ offset: 0, length: stored.bodyBytes }],
      stored.bodyBytes,
      hooks,
    );
  } else if (verdict === 'not-modified') {
    const head = notModifiedHead(stored.head, stored.flags);
    exchange.respond(head.text + added, head.flags, '');
  } else if (verdict === 'failed') {
    exchange.refuse(412);
  } else if (verdict === 'unsatisfiable') {
    exchange.refuse(416, '', `Content-Range: bytes */${stored.bodyBytes}\r\n`);
  } else {
    const head = new ResponseHead(stored.head, stored.flags);
    head.setStatus(206, 'Partial Content');
    const segments: (FilePart | string)[] = [];
    const [only] = verdict;
    if (verdict.length === 1 && only !== undefined) {
      segments.push(only);
      head.append('Content-Range', contentRange(only, stored.bodyBytes));
    } else {
      const boundary = randomBytes(18).toString('base64url');
      const type = head.get('content-type');
      const typeLine = type === null ? '' : `Content-Type: ${type}\r\n`;
      for (const range of verdict) {
        const where = contentRange(range, stored.bodyBytes);
        segments.push(`\r\n--${boundary}\r\n${typeLine}Content-Range: ${where}\r\n\r\n`, range);
      }
      segments.push(`\r\n--${boundary}--\r\n`);
      head.set('Content-Type', `multipart/byteranges; boundary=${boundary}`);
    }
    const length = segments.reduce((sum, segment) => sum + segment.length, 0);
    head.set('Content-Length', String(length));
    send(exchange, head.text + added, head.flags, stored, segments, length, hooks);
  }
}

function send(
  exchange: Exchange,
  head: string,
  flags: number,
  stored: StoredResponse,
  segments: readonly (FilePart | string)[],
  length: number,
  hooks: ServeHooks,
): void {
  const { body } = stored;
  const { content } = body;
  if (content !== null) {
    const isWhole = length === stored.bodyBytes && segments.length === 1;
    if (isWhole) exchange.respond(head, flags, content, body);
    else exchange.respond(head, flags, cutOut(content, segments));
    return;
  }
  if (length === 0 || exchange.head.method === 'HEAD') {
    exchange.respond(head, flags, '');
    return;
  }
  if (body.kind === 'memory') return;
  exchange.producer = WAITING;
  const sent =
    stored.bodyBytes > HOT_BYTES
      ? body.reach
          .within(
            () => openEntry(stored, body),
            (file) => file.release(),
          )
          .then((file) => {
            exchange.producer = null;
            exchange.respondFile(head, flags, { file, segments, length, failed: hooks.cut });
            file.release();
          })
      : body.reach
          .within(
            () => readBody(stored, body),
            () => {},
          )
          .then((bytes) => {
            exchange.producer = null;
            hooks.read(bytes);
            exchange.respond(head, flags, cutOut(bytes, segments));
          });
  sent.catch((error: NodeJS.ErrnoException) => {
    exchange.producer = null;
    if (OUT_OF_REACH.has(error.code ?? '')) hooks.outOfReach();
    else hooks.lost(error);
  });
}

async function readBody(stored: StoredResponse, body: FileOfBody): Promise<Buffer> {
  const file = await openEntry(stored, body);
  try {
    const bytes = Buffer.allocUnsafe(stored.bodyBytes);
    const count = await gated<number>((done) => read(file.fd, bytes, 0, bytes.length, 0, done));
    if (count < bytes.length) throw new Error('it is shorter than it was');
    return bytes;
  } finally {
    file.release();
  }
}

/** RFC 9110 15.4.5: what would change the client's copy, and nothing that describes a content that is not sent. */
export function notModifiedHead(text: string, flags: number): ResponseHead {
  const head = new ResponseHead(text, flags);
  for (const name of [
    'content-type',
    'content-length',
    'content-encoding',
    'content-language',
    'content-range',
  ]) {
    head.remove(name);
  }
  head.setStatus(304, 'Not Modified');
  return head;
}
