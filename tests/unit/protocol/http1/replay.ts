import type { HttpErrorCode } from '../../../../src/protocol/http1/errors.ts';
import type { Leniency } from '../../../../src/protocol/http1/leniency.ts';
import type { HttpLimits } from '../../../../src/protocol/http1/limits.ts';
import type { RequestHead } from '../../../../src/protocol/http1/request-head.ts';
import { RequestParser } from '../../../../src/protocol/http1/request-parser.ts';

export interface Message extends Omit<RequestHead, 'fields'> {
  readonly fields: readonly (readonly [string, string])[];
  /** As latin-1. */
  body: string;
  trailers: readonly (readonly [string, string])[] | null;
  isComplete: boolean;
}

/** What a parser makes of some bytes. */
export interface Reading {
  readonly messages: readonly Message[];
  readonly error: { readonly status: number; readonly code: HttpErrorCode; readonly message: string } | null;
  readonly isMidMessage: boolean;
}

/** As a connection reads: pieces lie in memory that is written over as soon as they have been dealt with, unless they belong to a body. */
export function read(
  pieces: Iterable<Buffer>,
  limits: HttpLimits,
  leniency: Leniency | null = null,
): Reading {
  const parser = new RequestParser(limits, leniency);
  const messages: Message[] = [];
  const bodies = new Map<Message, Buffer[]>();
  let error: Reading['error'] = null;
  for (const piece of pieces) {
    const isOfBody = messages.at(-1)?.isComplete === false;
    const chunk = Buffer.from(piece);
    parser.push(chunk);
    for (let event = parser.next(); event !== null; event = parser.next()) {
      if (error !== null) throw new Error(`a ${event.type} came after an error`);
      const message = messages.at(-1);
      switch (event.type) {
        case 'head':
          if (message?.isComplete === false) throw new Error('a head came within a message');
          messages.push(newMessage(event.head));
          if (event.head.bodyLength !== 0) parser.detach();
          break;
        case 'body':
          if (message === undefined || message.isComplete) throw new Error('a body came outside a message');
          if (event.data.length === 0) throw new Error('an empty body event');
          bodies.set(message, [...(bodies.get(message) ?? []), event.data]);
          break;
        case 'end':
          if (message === undefined || message.isComplete) throw new Error('an end came outside a message');
          message.trailers = event.trailers && pairs(event.trailers);
          message.isComplete = true;
          break;
        case 'error':
          error = { status: event.error.status, code: event.error.code, message: event.error.message };
          break;
      }
    }
    if (isOfBody) continue;
    parser.detach();
    chunk.fill('#');
  }
  for (const [message, parts] of bodies) message.body = Buffer.concat(parts).toString('latin1');
  return { messages, error, isMidMessage: parser.isMidMessage };
}

function newMessage(head: RequestHead): Message {
  const isComplete = head.bodyLength === 0;
  return { ...head, fields: pairs(head.fields), body: '', trailers: null, isComplete };
}

function pairs({ names, values }: RequestHead['fields']): [string, string][] {
  return names.map((name, i) => [name, values[i] as string]);
}

export function singleBytes(bytes: Buffer): Buffer[] {
  return Array.from(bytes, (_, i) => bytes.subarray(i, i + 1));
}

/** Where to cut in two: everywhere, or, in long inputs, at some hundred places that include both ends. */
export function cuts(byteCount: number): number[] {
  const step = Math.max(1, Math.floor(byteCount / 600));
  return Array.from({ length: byteCount - 1 }, (_, i) => i + 1).filter(
    (at) => at % step === 0 || at < 16 || at > byteCount - 16,
  );
}
