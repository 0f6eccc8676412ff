import {
  type Exchange,
  type FileBody,
  type Groups,
  NO_GROUPS,
  type Peer,
  type Producer,
  type RequestBody,
  type UpstreamRecord,
} from '../../../src/handlers/exchange.ts';
import { TrustPolicy } from '../../../src/handlers/trust.ts';
import type { RequestSink } from '../../../src/observe/request-sink.ts';
import type { RequestHead } from '../../../src/protocol/http1/request-head.ts';
import { RequestParser } from '../../../src/protocol/http1/request-parser.ts';

const policy = new TrustPolicy({
  forwardedAllowIps: ['192.0.2.1'],
  proxyAllowIps: [],
  realIpHeader: null,
  secureSchemeHeaders: [
    ['X-FORWARDED-PROTO', 'https'],
    ['X-FORWARDED-SSL', 'on'],
  ],
  forwarderHeaders: ['SCRIPT_NAME', 'PATH_INFO', 'REMOTE_USER'],
  headerMap: 'drop',
});

/** What the fields of a proxy mean, and those of everybody else. */
export const TRUSTED_RULES = policy.rulesFor('192.0.2.1');
export const OTHER_RULES = policy.rulesFor('192.0.2.7');

export const PEER: Peer = {
  remoteAddress: '192.0.2.7',
  remotePort: '40000',
  serverName: '127.0.0.1',
  serverPort: '8000',
  proxyHeader: null,
  tls: null,
  clientRule: '',
  rules: OTHER_RULES,
};

const LIMITS = { maxRequestLineBytes: 0, maxFields: 100, maxFieldBytes: 0, maxBodyBytes: 0 };

export function parserOf(bytes: string): RequestParser {
  const parser = new RequestParser(LIMITS);
  parser.push(Buffer.from(bytes, 'latin1'));
  return parser;
}

/** The head as the parser makes it; lines end in CRLF, and the empty one is added. */
export function headOf(...lines: readonly string[]): RequestHead {
  const event = parserOf(`${lines.join('\r\n')}\r\n\r\n`).next();
  if (event?.type !== 'head') throw new Error(`not a head: ${JSON.stringify(event)}`);
  return event.head;
}

export const get = (target: string, ...fields: readonly string[]) =>
  headOf(`GET ${target} HTTP/1.1`, 'Host: example.com', ...fields);

/** An exchange that writes down what its handler does. */
export class FakeExchange implements Exchange {
  readonly head: RequestHead;
  readonly peer: Peer;
  readonly receivedMs = performance.now();
  readonly events: string[] = [];
  producer: Producer | null = null;
  readonly redirects = 0;
  passed: Set<object> | null = null;
  groups: Groups = NO_GROUPS;
  requestId = '';
  upstream: UpstreamRecord | null = null;
  spools = true;
  workerPid = 0;
  queuedUs = -1;
  serviceUs = -1;
  remoteUser: string | null = null;
  cacheStatus = '';
  accessLog: RequestSink | null | undefined = undefined;
  readonly #whenOver: (() => void)[] = [];
  body: RequestBody = { kind: 'none' };
  file: FileBody | null = null;
  isOver = false;

  constructor(head: RequestHead, peer: Peer = PEER) {
    this.head = head;
    this.peer = peer;
  }

  whenOver(callback: () => void): void {
    this.#whenOver.push(callback);
  }

  /** The response has been taken, or its client has left. */
  finish(): void {
    this.isOver = true;
    for (const callback of this.#whenOver.splice(0)) callback();
  }

  get base(): Exchange {
    return this;
  }

  limitBody(maxBytes: number, _exceeded: () => void): void {
    this.events.push(`at most ${maxBytes} bytes`);
  }

  collectBody(done: (body: RequestBody) => void): void {
    done(this.body);
  }

  get isBodyGone(): boolean {
    return false;
  }

  streamBody(): null {
    return null;
  }

  switchProtocols(): boolean {
    return false;
  }

  sendHints(fields: string): void {
    this.events.push(`hints ${fields.trim()}`);
  }

  respond(head: string, _flags: number, body: string | Buffer): void {
    this.events.push(`respond ${head.trim()} | ${body}`);
  }

  respondLent(head: string, flags: number, body: Buffer): void {
    this.respond(head, flags, body.toString('latin1'));
  }

  begin(head: string, _flags: number, body: Buffer, isEnd: boolean): void {
    this.events.push(`begin ${head.trim()} | ${body.length} bytes${isEnd ? ', all' : ''}`);
  }

  write(body: Buffer, isEnd: boolean): void {
    this.events.push(`write ${body.length} bytes${isEnd ? ', the last' : ''}`);
  }

  respondFile(head: string, _flags: number, body: FileBody): void {
    this.file = body;
    const segments = body.segments.map((segment) =>
      typeof segment === 'string' ? segment.length : `${segment.offset} ${segment.length}`,
    );
    const file = typeof body.file === 'string' ? body.file : `descriptor ${body.file.fd}`;
    this.events.push(`file ${head.trim()} | ${file} ${segments.join(', ')}`);
  }

  abort(): void {
    this.events.push('abort');
  }

  refuse(status: number, reason = '', extraFields = ''): void {
    this.events.push(
      `refuse ${[status, reason, extraFields.trim()].filter((part) => part !== '').join(' ')}`,
    );
  }
}
