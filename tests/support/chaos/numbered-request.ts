import { crc32 } from 'node:zlib';
import type { Random } from '../random.ts';
import type { RawResponse } from '../response-reader.ts';

/** Pages of tests/fixtures/apps/chaotic.py. */
export type Page =
  | 'quick'
  | 'slow'
  | 'large'
  | 'file'
  | 'stream'
  | 'sys-exit'
  | 'die'
  | 'die-at-first'
  | 'stream-and-die';

/** What became of a request, as its client saw it. */
export type Outcome =
  | { readonly kind: 'waiting' }
  | { readonly kind: 'answered'; readonly status: number }
  /** The connection ended before the answer was whole. */
  | { readonly kind: 'cut'; readonly why: string }
  /** It was sent behind another one, whose answer was cut. */
  | { readonly kind: 'cut-behind' }
  /** The client did not wait. */
  | { readonly kind: 'left'; readonly wasWhole: boolean }
  /** No valid answer, or none in time. */
  | { readonly kind: 'wrong'; readonly why: string };

/** How a page of the application ends its worker. */
export type Ending = 'exit' | 'SIGSEGV' | 'SIGKILL' | 'SIGABRT';

/** As in chaotic.py. */
const LARGE_BYTES = 300_000;
/** Beyond the default of --body-buffer-size. */
const SPOOLED_BYTES = 100_000;
const BODY = Buffer.alloc(2 * SPOOLED_BYTES, 'What is written to a file has to arrive as well. ');

interface Shape {
  readonly number: number;
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT';
  readonly page: Page;
  readonly query: string;
  readonly bodyBytes: number;
  readonly isChunked: boolean;
}

/** A request with a number of its own, by which the application notes that it ran it. */
export class NumberedRequest {
  readonly number: number;
  readonly method: Shape['method'];
  readonly page: Page;
  readonly target: string;
  outcome: Outcome = { kind: 'waiting' };
  sentMs = 0;
  endedMs = 0;
  readonly #body: Buffer;
  readonly #isChunked: boolean;
  readonly #pieces: number;

  private constructor({ number, method, page, query, bodyBytes, isChunked }: Shape, pieces: number) {
    this.number = number;
    this.method = method;
    this.page = page;
    this.target = `/${page}?n=${number}${query}`;
    this.#body = BODY.subarray(0, bodyBytes);
    this.#isChunked = isChunked;
    this.#pieces = pieces;
  }

  /** One as clients send it all the time. */
  static ordinary(number: number, random: Random): NumberedRequest {
    const page = random.weighted({ quick: 80, slow: 6, large: 5, file: 5, stream: 7, 'sys-exit': 2 });
    const method = random.weighted({ GET: 60, HEAD: 5, POST: 28, PUT: 7 });
    const pieces = random.between(1, 5);
    const seconds = (page === 'slow' ? random.between(50, 300) : random.between(0, 20)) / 1000;
    const query = page === 'slow' || page === 'stream' ? `&seconds=${seconds}&pieces=${pieces}` : '';
    const hasBody = method === 'POST' || method === 'PUT';
    const bodyBytes = hasBody ? random.of([0, 1, 500, 20_000, SPOOLED_BYTES, 2 * SPOOLED_BYTES]) : 0;
    return new NumberedRequest(
      { number, method, page, query, bodyBytes, isChunked: hasBody && random.chance(0.3) },
      pieces,
    );
  }

  /** One that ends its worker. */
  static deadly(number: number, random: Random): NumberedRequest {
    const page = random.of(['die', 'die-at-first', 'stream-and-die'] as const);
    const method = random.of(['GET', 'POST'] as const);
    const ending = random.of<Ending>(['exit', 'SIGSEGV', 'SIGKILL', 'SIGABRT']);
    const query = `&how=${ending}`;
    return new NumberedRequest({ number, method, page, query, bodyBytes: 0, isChunked: false }, 0);
  }

  /** May be run again when its worker has died. */
  get isSafe(): boolean {
    return this.method === 'GET' || this.method === 'HEAD';
  }

  get isDeadly(): boolean {
    return this.page.includes('die');
  }

  /** Its answer comes in several pieces, so that it can be cut. */
  get isStreamed(): boolean {
    return ['stream', 'large', 'stream-and-die'].includes(this.page);
  }

  /** Of a stream that HEAD asks for, the application is not asked for more than the beginning. */
  get isRunToItsEnd(): boolean {
    return this.method !== 'HEAD' || this.page !== 'stream';
  }

  get bytes(): Buffer {
    const head = `${this.method} ${this.target} HTTP/1.1\r\nHost: chaos\r\n`;
    const body = this.#body;
    if (this.#isChunked) {
      const half = body.length >> 1;
      const chunk = (part: Buffer) =>
        part.length === 0 ? [] : [Buffer.from(`${part.length.toString(16)}\r\n`), part, Buffer.from('\r\n')];
      return Buffer.concat([
        Buffer.from(`${head}Transfer-Encoding: chunked\r\n\r\n`),
        ...chunk(body.subarray(0, half)),
        ...chunk(body.subarray(half)),
        Buffer.from('0\r\n\r\n'),
      ]);
    }
    const length = this.isSafe ? '' : `Content-Length: ${body.length}\r\n`;
    return Buffer.concat([Buffer.from(`${head}${length}\r\n`), body]);
  }

  /** What is wrong with the body of a response with status 200, or null. */
  faultOf(response: RawResponse): string | null {
    const answer = `${this.number} ${this.method} ${this.#body.length} ${crc32(this.#body)}\n`;
    const found = response.body.toString('latin1');
    if (found === this.#expected(answer)) return null;
    return `the answer was ${found.length} bytes, ${JSON.stringify(found.slice(-60))}`;
  }

  #expected(answer: string): string {
    if (this.method === 'HEAD') return '';
    if (this.page === 'large' || this.page === 'file') return answer.padStart(LARGE_BYTES, '.');
    return this.page === 'stream' ? `${'.\n'.repeat(this.#pieces)}${answer}` : answer;
  }
}
