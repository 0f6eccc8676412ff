// The files of tests/fixtures/http1-responses, in the form of those of requests; `? METHODS` says what was asked, and `!` that the server closes
// its side behind the bytes.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { HttpErrorCode } from '../../../../src/protocol/http1/errors.ts';
import type { ReceivedHead } from '../../../../src/protocol/http1/received-head.ts';
import {
  type ResponseEvent,
  type ResponseLimits,
  ResponseParser,
} from '../../../../src/protocol/http1/response-parser.ts';
import { fixture } from '../../../support/project.ts';
import { unescaped } from './fixture-file.ts';

export const LIMITS: ResponseLimits = { maxHeadBytes: 8192, maxFields: 100 };

export interface ResponseFixture {
  readonly name: string;
  readonly bytes: Buffer;
  readonly methods: readonly string[];
  readonly isEnded: boolean;
  readonly limits: ResponseLimits;
  readonly expected: readonly Readonly<Record<string, unknown>>[];
}

export function responseFixtures(kind: 'accept' | 'refuse'): ResponseFixture[] {
  const folder = fixture('http1-responses', kind);
  return readdirSync(folder)
    .sort()
    .map((file) => parse(file, readFileSync(join(folder, file), 'utf8')));
}

function parse(file: string, text: string): ResponseFixture {
  const marked = (mark: string) =>
    text
      .split('\n')
      .filter((line) => line.startsWith(`${mark} `))
      .map((line) => line.slice(2));
  return {
    name: file.replace(/\.http$/, '').replaceAll('-', ' '),
    bytes: Buffer.from(unescaped(marked('>').join('')), 'latin1'),
    methods: (marked('?')[0] ?? 'GET').split(' '),
    isEnded: marked('!').length > 0,
    limits: Object.assign({}, LIMITS, ...marked('@').map((line) => JSON.parse(line))),
    expected: marked('=').map((line) => JSON.parse(line)),
  };
}

export interface ReadResponse extends Omit<ReceivedHead, 'fields'> {
  readonly fields: readonly (readonly [string, string])[];
  /** As latin-1. */
  body: string;
  isComplete: boolean;
}

export interface ResponseReading {
  readonly responses: readonly ReadResponse[];
  readonly error: HttpErrorCode | null;
  readonly isClean: boolean;
}

/** As a connection reads: pieces lie in memory that is written over as soon as they have been dealt with. */
export function readResponses(
  pieces: Iterable<Buffer>,
  { methods, isEnded, limits }: Pick<ResponseFixture, 'methods' | 'isEnded' | 'limits'>,
): ResponseReading {
  const parser = new ResponseParser(limits);
  const asked = [...methods];
  const responses: ReadResponse[] = [];
  let error: HttpErrorCode | null = null;
  const ask = () => {
    const method = asked.shift();
    if (method !== undefined) parser.expect(method);
  };
  const take = (event: ResponseEvent) => {
    if (error !== null) throw new Error(`a ${event.type} came after an error`);
    const response = responses.at(-1);
    if (event.type === 'error') {
      error = event.error.code;
    } else if (event.type === 'head') {
      if (response?.isComplete === false) throw new Error('a head came within a response');
      const { fields, ...head } = event.head;
      const pairs = fields.names.map((name, i) => [name, fields.values[i] as string] as const);
      const isComplete = head.bodyLength === 0;
      responses.push({ ...head, fields: pairs, body: '', isComplete });
      if (isComplete && head.status >= 200) ask();
    } else {
      if (response === undefined || response.isComplete)
        throw new Error(`a ${event.type} outside a response`);
      if (event.type === 'body') response.body += event.data.toString('latin1');
      else {
        response.isComplete = true;
        ask();
      }
    }
  };
  ask();
  for (const piece of pieces) {
    const chunk = Buffer.from(piece);
    parser.push(chunk);
    for (let event = parser.next(); event !== null; event = parser.next()) take(event);
    parser.detach();
    chunk.fill('#');
  }
  if (isEnded && error === null) take(parser.end());
  return { responses, error, isClean: parser.isClean };
}
