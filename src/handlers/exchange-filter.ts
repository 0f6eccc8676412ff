import type { ByteStream, ByteTaker } from '../base/byte-stream.ts';
import type { RequestSink } from '../observe/request-sink.ts';
import type { RequestHead } from '../protocol/http1/request-head.ts';
import type {
  BodyFlow,
  BodyTaker,
  Exchange,
  FileBody,
  Groups,
  HeadEdit,
  Peer,
  Producer,
  RequestBody,
  UpstreamRecord,
} from './exchange.ts';

/**
 * Stands between an exchange and the handlers further in, and passes everything on. Layers that change requests or responses extend
 * it, and give theirs to the next handler in the exchange's place.
 */
export abstract class ExchangeFilter implements Exchange {
  protected readonly outer: Exchange;

  constructor(outer: Exchange) {
    this.outer = outer;
  }

  get head(): RequestHead {
    return this.outer.head;
  }

  get peer(): Peer {
    return this.outer.peer;
  }

  get receivedMs(): number {
    return this.outer.receivedMs;
  }

  get isOver(): boolean {
    return this.outer.isOver;
  }

  get producer(): Producer | null {
    return this.outer.producer;
  }

  set producer(producer: Producer | null) {
    this.outer.producer = producer;
  }

  get base(): Exchange {
    return this.outer.base;
  }

  get redirects(): number {
    return this.outer.redirects;
  }

  get passed(): Set<object> | null {
    return this.outer.passed;
  }

  set passed(passed: Set<object> | null) {
    this.outer.passed = passed;
  }

  get groups(): Groups {
    return this.outer.groups;
  }

  set groups(groups: Groups) {
    this.outer.groups = groups;
  }

  get requestId(): string {
    return this.outer.requestId;
  }

  set requestId(id: string) {
    this.outer.requestId = id;
  }

  get upstream(): UpstreamRecord | null {
    return this.outer.upstream;
  }

  set upstream(record: UpstreamRecord | null) {
    this.outer.upstream = record;
  }

  get spools(): boolean {
    return this.outer.spools;
  }

  set spools(spools: boolean) {
    this.outer.spools = spools;
  }

  get workerPid(): number {
    return this.outer.workerPid;
  }

  set workerPid(pid: number) {
    this.outer.workerPid = pid;
  }

  get queuedUs(): number {
    return this.outer.queuedUs;
  }

  set queuedUs(us: number) {
    this.outer.queuedUs = us;
  }

  get serviceUs(): number {
    return this.outer.serviceUs;
  }

  set serviceUs(us: number) {
    this.outer.serviceUs = us;
  }

  get remoteUser(): string | null {
    return this.outer.remoteUser;
  }

  set remoteUser(user: string | null) {
    this.outer.remoteUser = user;
  }

  get cacheStatus(): string {
    return this.outer.cacheStatus;
  }

  set cacheStatus(status: string) {
    this.outer.cacheStatus = status;
  }

  get accessLog(): RequestSink | null | undefined {
    return this.outer.accessLog;
  }

  set accessLog(sink: RequestSink | null | undefined) {
    this.outer.accessLog = sink;
  }

  whenOver(callback: () => void): void {
    this.outer.whenOver(callback);
  }

  limitBody(maxBytes: number, exceeded: () => void): void {
    this.outer.limitBody(maxBytes, exceeded);
  }

  collectBody(done: (body: RequestBody) => void): void {
    this.outer.collectBody(done);
  }

  get isBodyGone(): boolean {
    return this.outer.isBodyGone;
  }

  streamBody(taker: BodyTaker): BodyFlow | null {
    return this.outer.streamBody(taker);
  }

  switchProtocols(head: string, begun: (client: ByteStream) => ByteTaker): boolean {
    return this.outer.switchProtocols(head, begun);
  }

  /** They are about what the page needs, not about the response: nothing is added to them. */
  sendHints(fields: string): void {
    this.outer.sendHints(fields);
  }

  respond(head: string, flags: number, body: string | Buffer, source?: object): void {
    this.outer.respond(head, flags, body, source);
  }

  respondLent(head: string, flags: number, body: Buffer): void {
    this.respond(head, flags, body.toString('latin1'));
  }

  begin(head: string, flags: number, body: Buffer, isEnd: boolean): void {
    this.outer.begin(head, flags, body, isEnd);
  }

  write(body: Buffer, isEnd: boolean): void {
    this.outer.write(body, isEnd);
  }

  respondFile(head: string, flags: number, body: FileBody): void {
    this.outer.respondFile(head, flags, body);
  }

  abort(): void {
    this.outer.abort();
  }

  refuse(status: number, reason?: string, extraFields?: string, edit?: HeadEdit | null): void {
    this.outer.refuse(status, reason, extraFields, edit);
  }
}
