import type { RequestSink } from '../../observe/request-sink.ts';
import type { RequestHead } from '../../protocol/http1/request-head.ts';
import type {
  Exchange,
  FileBody,
  Groups,
  HeadEdit,
  Peer,
  Producer,
  RequestBody,
  UpstreamRecord,
} from '../exchange.ts';

/** A request of this server's own, made of a client's, who may leave without ending it. */
export abstract class DetachedExchange implements Exchange {
  readonly head: RequestHead;
  readonly peer: Peer;
  readonly redirects: number;
  readonly receivedMs = performance.now();
  producer: Producer | null = null;
  passed: Set<object> | null;
  groups: Groups;
  requestId: string;
  remoteUser: string | null;
  cacheStatus = '';
  accessLog: RequestSink | null | undefined = null;
  isOver = false;
  readonly #whenOver: (() => void)[] = [];

  /** @param mark what this exchange has passed */
  constructor(from: Exchange, head: RequestHead, mark: object) {
    this.head = head;
    this.peer = from.peer;
    this.redirects = from.redirects;
    this.passed = new Set([...(from.passed ?? []), mark]);
    this.groups = from.groups;
    this.requestId = from.requestId;
    this.remoteUser = from.remoteUser;
  }

  /** Whom it is for, as long as there is somebody: what is noted about it is noted about him. */
  protected abstract readonly client: Exchange | null;

  abstract readonly base: Exchange;
  abstract respond(head: string, flags: number, body: string | Buffer): void;
  abstract begin(head: string, flags: number, body: Buffer, isEnd: boolean): void;
  abstract write(body: Buffer, isEnd: boolean): void;
  abstract respondFile(head: string, flags: number, body: FileBody): void;
  abstract abort(): void;
  abstract refuse(status: number, reason?: string, extraFields?: string, edit?: HeadEdit | null): void;

  respondLent(head: string, flags: number, body: Buffer): void {
    this.respond(head, flags, body.toString('latin1'));
  }

  get workerPid(): number {
    return this.client?.workerPid ?? 0;
  }

  set workerPid(pid: number) {
    if (this.client !== null) this.client.workerPid = pid;
  }

  get queuedUs(): number {
    return this.client?.queuedUs ?? -1;
  }

  set queuedUs(us: number) {
    if (this.client !== null) this.client.queuedUs = us;
  }

  get serviceUs(): number {
    return this.client?.serviceUs ?? -1;
  }

  set serviceUs(us: number) {
    if (this.client !== null) this.client.serviceUs = us;
  }

  get upstream(): UpstreamRecord | null {
    return this.client?.upstream ?? null;
  }

  set upstream(upstream: UpstreamRecord | null) {
    if (this.client !== null) this.client.upstream = upstream;
  }

  get spools(): boolean {
    return this.client?.spools ?? true;
  }

  set spools(spools: boolean) {
    if (this.client !== null) this.client.spools = spools;
  }

  whenOver(callback: () => void): void {
    if (this.isOver) callback();
    else this.#whenOver.push(callback);
  }

  limitBody(): void {}

  /** Requests with a body are not for a cache. */
  collectBody(done: (body: RequestBody) => void): void {
    done({ kind: 'none' });
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

  /** They are for who waits now: nobody keeps them. */
  sendHints(fields: string): void {
    this.client?.sendHints(fields);
  }

  protected end(): void {
    this.isOver = true;
    for (const callback of this.#whenOver.splice(0)) callback();
  }
}
