import type { ByteStream, ByteTaker } from '../base/byte-stream.ts';
import type { RequestSink } from '../observe/request-sink.ts';
import type { RequestHead } from '../protocol/http1/request-head.ts';
import type { ResponseHead } from '../protocol/http1/response-head.ts';
import type { ProxyHeader } from '../protocol/proxy-protocol/proxy-header.ts';
import type { FieldRules } from './trust.ts';

/** What is constant for all requests of one connection, but where a proxy tells the client's address by a field. */
export interface Peer {
  /** The client's, as far as it is told by the PROXY protocol, or by a field of a proxy; '' for a unix socket. */
  readonly remoteAddress: string;
  /** Of the proxy that has told it by a field. */
  readonly proxyAddress?: string;
  /** '' for a unix socket. */
  readonly remotePort: string;
  /** The listener's address; '' for a unix socket. */
  readonly serverName: string;
  readonly serverPort: string;
  /** What the PROXY protocol said; null: nothing. */
  readonly proxyHeader: ProxyHeader | null;
  /** Variables of the environ that tell of its TLS; null: it is not encrypted. */
  readonly tls: ReadonlyMap<string, string> | null;
  /** By which rule for certificates of clients its handshake went; '': by none. */
  readonly clientRule: string;
  /** What its fields mean, and which of them are believed. */
  readonly rules: FieldRules;
}

/** A request's body, complete. */
export type RequestBody =
  | { readonly kind: 'none' }
  | { readonly kind: 'memory'; readonly parts: readonly Buffer[]; readonly bytes: number }
  | { readonly kind: 'file'; readonly path: string; readonly bytes: number };

/** A file that is open, for as long as somebody holds it. */
export interface SharedFile {
  readonly fd: number;
  retain(): void;
  release(): void;
}

/** Where a part of a file is. */
export interface FilePart {
  readonly offset: number;
  readonly length: number;
}

/** Parts of a file, and texts (latin-1) between them, that are the body of a response. */
export interface FileBody {
  /** The path of one to be opened, or one that is open: whoever sends it retains that before he returns. */
  readonly file: string | SharedFile;
  readonly segments: readonly (FilePart | string)[];
  /** Of all segments. */
  readonly length: number;
  /** Called once the file has been opened, or could not be. */
  readonly opened?: () => void;
  /** Called where it cannot be read as far as was said: what has been sent of it is cut. */
  readonly failed?: (error: Error) => void;
}

/** Someone who produces a response's body, and can be told to wait. */
export interface Producer {
  /** Nothing has been started yet. */
  readonly isWaiting: boolean;
  pause(): void;
  resume(): void;
  /** The client has left before the response was complete. */
  cancel(): void;
  /** The client has closed its sending side: most have left, but some still wait for the response. */
  clientEnded?(): void;
}

/** Which servers of an upstream were asked, for variables: of each in turn, with commas between them. */
export interface UpstreamRecord {
  /** As the configuration names the upstream. */
  readonly proxyHost: string;
  readonly addresses: string;
  readonly statuses: string;
  /** In seconds, until the response was complete. */
  readonly times: string;
}

/** Takes a request's body as it comes. */
export interface BodyTaker {
  /** Memory of its own. */
  takeBody(data: Buffer): void;
  endBody(): void;
}

/** A body on its way. */
export interface BodyFlow {
  pause(): void;
  resume(): void;
}

/**
 * One request and its response, whatever the version of HTTP. A handler answers it by exactly one of: `respond`;
 * `begin`, any number of `write`, and `end` or `abort`; `respondFile`; `refuse`.
 *
 * A head is the text of status line and fields as the lane protocol has it: `200 OK\r\nName: value\r\n…`, with the
 * RESPONSE_FLAGs that describe it.
 */
export interface Exchange {
  readonly head: RequestHead;
  readonly peer: Peer;
  /** When the head was complete (clock of performance.now). */
  readonly receivedMs: number;
  /** The response is complete, or nobody waits for it any more. */
  readonly isOver: boolean;
  /** Whom to tell when the client leaves; the connection's backpressure is his too. */
  producer: Producer | null;
  /** It without the layers of the route that has it: what another route gets, if that one passes it on. */
  readonly base: Exchange;
  /** How often it was sent to another path, or to a route by its name, inside of Kirin. */
  readonly redirects: number;
  /** Limits that have counted it, which do so once; null: none. */
  passed: Set<object> | null;
  /** What the pattern of its route has found; none: it has none. */
  groups: Groups;
  /** What tells it from all others, in logs for instance; '': nobody has asked yet, see request-id.ts. */
  requestId: string;
  /** For the access log: the worker that ran it, or 0. */
  workerPid: number;
  /** For log and metrics: from the whole request's arrival until a lane was given it, in µs; -1: none ever was. */
  queuedUs: number;
  /** For log and metrics: how long the worker took, by its own measure, in µs; -1: not known. */
  serviceUs: number;
  /** Who has proved to be that, by Basic authentication; null: nobody was asked. */
  remoteUser: string | null;
  /** What the cache has made of it, in nginx's words; '': it was not asked. */
  cacheStatus: string;
  /** Where it goes down in a log; undefined: in that of the server; null: nowhere. */
  accessLog: RequestSink | null | undefined;
  /** Calls back once, when the response is complete or nobody waits for it any more. */
  whenOver(callback: () => void): void;
  /** What it was proxied to; null: nothing. */
  upstream: UpstreamRecord | null;
  /** Whether what a slow client has not taken may wait in a file; else its producer waits. To be said before `begin`. */
  spools: boolean;
  /** Its body may have so many bytes, of those that come; with the first beyond, `exceeded` is called, and the rest is thrown away. */
  limitBody(maxBytes: number, exceeded: () => void): void;
  /** Calls back when the whole body is there; never, if the client leaves before. */
  collectBody(done: (body: RequestBody) => void): void;
  /**
   * In the place of `collectBody`: hands the body over as it comes. When it breaks off, the exchange is answered and its producer told.
   * null: it is here already, or taken by somebody; `collectBody` knows.
   */
  streamBody(taker: BodyTaker): BodyFlow | null;
  /** Somebody has taken the body as it came: nobody else gets it. */
  readonly isBodyGone: boolean;
  /**
   * Answers that the protocol changes: from then on the connection is two streams of bytes, until both have ended. `begun` makes the one
   * to whom the client's bytes go. False: this client's connection cannot; nothing has been answered.
   */
  switchProtocols(head: string, begun: (client: ByteStream) => ByteTaker): boolean;
  /** Sends 103 Early Hints with these fields, each with its CRLF: before the response, and where the client may be sent such a thing. */
  sendHints(fields: string): void;
  /**
   * @param body latin-1, or bytes that nobody changes any more
   * @param source the body is the same as long as this is the same object
   */
  respond(head: string, flags: number, body: string | Buffer, source?: object): void;
  /** As `respond`, with bytes that change after this returns. */
  respondLent(head: string, flags: number, body: Buffer): void;
  begin(head: string, flags: number, body: Buffer, isEnd: boolean): void;
  write(body: Buffer, isEnd: boolean): void;
  respondFile(head: string, flags: number, body: FileBody): void;
  /** The response that was begun cannot be completed: the connection is cut, so that it cannot look whole. */
  abort(): void;
  /** A short page for this status, made by Kirin; `edit` changes its head. */
  refuse(status: number, reason?: string, extraFields?: string, edit?: HeadEdit | null): void;
}

export type HeadEdit = (head: ResponseHead) => void;

/** Text of the groups of a regular expression, the first at 0. */
export type Groups = readonly (string | undefined)[];

export const NO_GROUPS: Groups = [];

export interface Handler {
  handle(exchange: Exchange): void;
}
