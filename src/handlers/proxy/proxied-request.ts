import type { ByteStream, ByteTaker } from '../../base/byte-stream.ts';
import type { ReceivedHead } from '../../protocol/http1/received-head.ts';
import type { RetryReason } from '../../protocol/supervision/proxy.ts';
import type { UpstreamConnection } from '../../upstreams/connection.ts';
import type { UpstreamFailure, UpstreamRequest, UpstreamTimeouts } from '../../upstreams/request.ts';
import type { Endpoint, Outcome } from '../../upstreams/upstream.ts';
import type { Exchange, Producer, RequestBody, UpstreamRecord } from '../exchange.ts';
import type { ProxyHandler } from './handler.ts';
import { type SentBody, StreamedBody, sentBodyOf } from './sent-body.ts';
import { Tunnel } from './tunnel.ts';

/** RFC 9110 9.2.2: done twice they have the effect of once. */
const IDEMPOTENT: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE']);
const NOTHING = Buffer.alloc(0);
const NOBODY: readonly Endpoint[] = [];

/** A try of one server. */
interface Attempt {
  readonly endpoint: Endpoint;
  readonly begunMs: number;
  /** 0: none. */
  status: number;
  endedMs: number;
}

/** A request for an upstream, from the choice of a server to the response's last byte. */
export class ProxiedRequest implements Producer, UpstreamRequest, UpstreamRecord {
  readonly #exchange: Exchange;
  readonly #handler: ProxyHandler;
  /** The protocol to change to; '': none. */
  readonly #upgrade: string;
  #body: SentBody | null = null;
  #attempts: Attempt[] = [];
  #connection: UpstreamConnection | null = null;
  #hasBegun = false;
  #isOver = false;

  constructor(exchange: Exchange, handler: ProxyHandler, upgrade: string) {
    this.#exchange = exchange;
    this.#handler = handler;
    this.#upgrade = upgrade;
    exchange.upstream = this;
  }

  start(body: RequestBody | StreamedBody): void {
    this.#body =
      body instanceof StreamedBody ? body : sentBodyOf(body, this.#exchange, (why) => this.#cannotRead(why));
    this.#exchange.producer = this;
    const { settling } = this.#handler.upstream;
    if (settling === null) this.#tryFirst();
    else void settling.then(() => this.#isOver || this.#tryFirst());
  }

  #tryFirst(): void {
    const endpoint = this.#choose();
    if (endpoint === null) {
      this.#isOver = true;
      this.#report(this.#handler.spec.host, 'no server is there: answered 503');
      this.#exchange.refuse(503, '', 'Retry-After: 1\r\n');
    } else {
      this.#try(endpoint);
    }
  }

  // --- trying servers ---

  #choose(): Endpoint | null {
    const tried = this.#attempts.length === 0 ? NOBODY : this.#attempts.map(({ endpoint }) => endpoint);
    return this.#handler.upstream.choose(this.#handler.hashKeyOf(this.#exchange), tried);
  }

  #try(endpoint: Endpoint): void {
    const now = performance.now();
    this.#attempts.push({ endpoint, begunMs: now, status: 0, endedMs: 0 });
    this.#send(endpoint, false, now);
  }

  #send(endpoint: Endpoint, isFresh: boolean, nowMs: number): void {
    const body = this.#body as SentBody;
    const { parts, upstream, route, requests } = this.#handler;
    const head = requests.write(this.#exchange, body.framing, this.#upgrade);
    const connection = parts.pool.take(endpoint, upstream, route, isFresh);
    this.#connection = connection;
    connection.send(this, head, body.parts, body.isWhole, nowMs);
    if (!body.isWhole && connection.isConnected) body.flow(connection);
  }

  #cannotRead({ message }: Error): void {
    this.#connection?.abandon();
    this.failed({
      kind: 'error',
      reason: `the body cannot be read: ${message}`,
      isUnsent: false,
      isStale: false,
    });
  }

  // --- UpstreamRequest ---

  get method(): string {
    return this.#exchange.head.method;
  }

  get timeouts(): UpstreamTimeouts {
    return this.#handler.timeouts;
  }

  get waitsForShortBodies(): boolean {
    return this.#handler.spec.buffering;
  }

  get wantsUpgrade(): boolean {
    return this.#upgrade !== '';
  }

  drained(): void {
    if (this.#connection !== null) this.#body?.flow(this.#connection);
  }

  whole(head: ReceivedHead, body: string | Buffer, nowMs: number): void {
    this.#connection = null;
    if (this.#triesAfter(head)) return;
    const { text, flags } = this.#handler.responses.head(head, this.#exchange);
    this.#finish('ok', nowMs);
    if (typeof body === 'string') this.#exchange.respond(text, flags, body);
    else this.#exchange.respondLent(text, flags, body);
  }

  begin(head: ReceivedHead): void {
    if (this.#triesAfter(head)) return;
    const exchange = this.#exchange;
    const { text, flags, isUnbuffered } = this.#handler.responses.head(head, exchange);
    this.#hasBegun = true;
    if (isUnbuffered || !this.#handler.spec.buffering) exchange.spools = false;
    exchange.begin(text, flags, NOTHING, false);
  }

  piece(data: Buffer): void {
    if (!this.#isOver && this.#hasBegun) this.#exchange.write(data, false);
  }

  end(): void {
    if (this.#isOver || !this.#hasBegun) return;
    this.#finish('ok', performance.now());
    this.#exchange.write(NOTHING, true);
  }

  switched(head: ReceivedHead, stream: ByteStream, rest: Buffer): ByteTaker | null {
    const { text } = this.#handler.responses.head(head, this.#exchange);
    const protocol = head.fields.get('upgrade') ?? this.#upgrade;
    (this.#attempts.at(-1) as Attempt).status = head.status;
    let tunnel: Tunnel | null = null;
    this.#hasBegun = true;
    const isSwitched = this.#exchange.switchProtocols(`${text}Upgrade: ${protocol}\r\n`, (client) => {
      tunnel = new Tunnel(client, stream, () => this.#finish('ok', performance.now()));
      return tunnel.ofClient;
    });
    const { ofUpstream = null } = (tunnel as Tunnel | null) ?? {};
    if (!isSwitched) this.#finish('ok', performance.now());
    else if (rest.length > 0) ofUpstream?.take(rest);
    return ofUpstream;
  }

  failed(failure: UpstreamFailure): void {
    this.#connection = null;
    this.#body?.stop();
    if (this.#isOver) return;
    const attempt = this.#attempts.at(-1) as Attempt;
    if (failure.isStale && !this.#hasBegun && this.#mayRepeat(failure.isUnsent)) {
      this.#send(attempt.endpoint, true, performance.now());
      return;
    }
    this.#end(attempt, failure.isStale ? 'unknown' : 'failed');
    if (this.#hasBegun) {
      this.#isOver = true;
      this.#report(attempt.endpoint.label, failure.reason);
      this.#exchange.abort();
      return;
    }
    const status = failure.kind === 'timeout' ? 504 : 502;
    attempt.status = status;
    const next = this.#mayTryAnother(failure.kind, failure.isUnsent) ? this.#choose() : null;
    if (next === null) {
      this.#isOver = true;
      this.#report(attempt.endpoint.label, `${failure.reason}: answered ${status}`);
      this.#exchange.refuse(status);
    } else {
      this.#report(attempt.endpoint.label, `${failure.reason}; ${next.label} is asked`);
      this.#try(next);
    }
  }

  /** Whether the answer is one after which another server is asked. Where there is no other, this is the answer. */
  #triesAfter({ status }: ReceivedHead): boolean {
    const attempt = this.#attempts.at(-1) as Attempt;
    attempt.status = status;
    const next = status >= 400 && this.#mayTryAnother(status, false) ? this.#choose() : null;
    if (next === null) return false;
    this.#body?.stop();
    this.#connection?.abandon();
    this.#end(attempt, 'failed');
    this.#report(attempt.endpoint.label, `it answered ${status}; ${next.label} is asked`);
    this.#try(next);
    return true;
  }

  #mayRepeat(isUnsent: boolean): boolean {
    if (this.#body?.isRepeatable !== true) return false;
    return isUnsent || IDEMPOTENT.has(this.method) || this.#handler.spec.retry.unsafe;
  }

  #mayTryAnother(reason: RetryReason, isUnsent: boolean): boolean {
    const { on, tries, withinMs } = this.#handler.spec.retry;
    if (!on.includes(reason) || !this.#mayRepeat(isUnsent)) return false;
    if (tries > 0 && this.#attempts.length >= tries) return false;
    const [first] = this.#attempts;
    return withinMs === 0 || first === undefined || performance.now() - first.begunMs < withinMs;
  }

  #report(server: string, what: string): void {
    const { method, target } = this.#exchange.head;
    this.#handler.parts.report(server, () => `Upstream ${server} for ${method} ${target}: ${what}`);
  }

  #finish(outcome: Outcome, nowMs: number): void {
    this.#isOver = true;
    this.#connection = null;
    this.#body?.stop();
    const attempt = this.#attempts.at(-1);
    if (attempt !== undefined) this.#end(attempt, outcome, nowMs);
  }

  #end(attempt: Attempt, outcome: Outcome, nowMs = performance.now()): void {
    attempt.endedMs = nowMs;
    this.#handler.upstream.ended(attempt.endpoint, outcome);
  }

  // --- Producer ---

  /** Until there is a response, a client that closes its side is taken for one that has left, as in nginx: an upstream may take long. */
  get isWaiting(): boolean {
    return !this.#hasBegun;
  }

  pause(): void {
    if (!this.#isOver) this.#connection?.pause();
  }

  resume(): void {
    if (!this.#isOver) this.#connection?.resume();
  }

  cancel(): void {
    if (this.#isOver) return;
    const connection = this.#connection;
    this.#finish('unknown', performance.now());
    connection?.abandon();
  }

  // --- UpstreamRecord ---

  get proxyHost(): string {
    return this.#handler.spec.host;
  }

  get addresses(): string {
    return this.#attempts.map(({ endpoint }) => endpoint.label).join(', ');
  }

  get statuses(): string {
    return this.#attempts.map(({ status }) => status || '-').join(', ');
  }

  get times(): string {
    return this.#attempts
      .map(({ begunMs, endedMs }) => ((endedMs === 0 ? performance.now() : endedMs) - begunMs) / 1000)
      .map((seconds) => seconds.toFixed(3))
      .join(', ');
  }
}
