import { decodePath } from '../handlers/environ.ts';
import type { Exchange, Peer } from '../handlers/exchange.ts';
import { forwardedScheme } from '../handlers/trust.ts';
import type { AccessRecord } from '../observe/access-record.ts';
import { fieldOf } from '../protocol/http1/response-head.ts';
import { isBodiless, statusOf } from '../protocol/http1/response-writer.ts';

/** Nginx's number for a client that left before its response; nothing was sent. */
const CLIENT_LEFT = 499;

/** What an exchange, of any version, leaves for the access log. */
export interface FinishedExchange
  extends Pick<
    Exchange,
    | 'head'
    | 'receivedMs'
    | 'workerPid'
    | 'queuedUs'
    | 'serviceUs'
    | 'cacheStatus'
    | 'upstream'
    | 'remoteUser'
    | 'accessLog'
  > {
  /** '' when nothing was sent. */
  readonly responseHead: string;
  readonly bodyBytes: number;
}

/** A finished exchange as the access log sees it: worked out only where the format asks. */
export class ExchangeRecord implements AccessRecord {
  readonly #exchange: FinishedExchange;
  readonly #peer: Peer;
  readonly #endedMs: number;

  constructor(exchange: FinishedExchange, peer: Peer, endedMs: number) {
    this.#exchange = exchange;
    this.#peer = peer;
    this.#endedMs = endedMs;
  }

  get remoteAddress(): string {
    return this.#peer.remoteAddress;
  }

  get requestLine(): string {
    const { method, target } = this.#exchange.head;
    return `${method} ${target} ${this.protocol}`;
  }

  get method(): string {
    return this.#exchange.head.method;
  }

  get path(): string {
    return decodePath(this.#exchange.head.path);
  }

  get query(): string {
    return this.#exchange.head.query;
  }

  get protocol(): string {
    return this.#exchange.head.protocol;
  }

  get status(): number {
    const head = this.#exchange.responseHead;
    return head === '' ? CLIENT_LEFT : statusOf(head);
  }

  get bodyBytes(): number {
    return isBodiless(this.status) || this.method === 'HEAD' ? 0 : this.#exchange.bodyBytes;
  }

  get referer(): string | null {
    return this.requestField('referer');
  }

  get userAgent(): string | null {
    return this.requestField('user-agent');
  }

  get authUser(): string | null {
    const [scheme, credentials] = (this.requestField('authorization') ?? '').split(' ');
    if (scheme?.toLowerCase() !== 'basic' || credentials === undefined) return null;
    const user = Buffer.from(credentials, 'base64').toString('latin1').split(':')[0];
    return user === undefined || user === '' ? null : user;
  }

  get startedAtMs(): number {
    return performance.timeOrigin + this.#exchange.receivedMs;
  }

  get durationUs(): number {
    return Math.round((this.#endedMs - this.#exchange.receivedMs) * 1000);
  }

  get queuedUs(): number | null {
    const { queuedUs } = this.#exchange;
    return queuedUs < 0 ? null : queuedUs;
  }

  get serviceUs(): number | null {
    const { serviceUs } = this.#exchange;
    return serviceUs < 0 ? null : serviceUs;
  }

  get upstream(): AccessRecord['upstream'] {
    return this.#exchange.upstream;
  }

  get scheme(): string {
    const own = this.#peer.tls === null ? 'http' : 'https';
    const scheme = forwardedScheme(this.#exchange.head.fields, this.#peer.rules, own);
    return scheme === 'contradiction' ? own : scheme;
  }

  get cacheStatus(): string | null {
    const { cacheStatus } = this.#exchange;
    return cacheStatus === '' ? null : cacheStatus;
  }

  get workerPid(): number | null {
    return this.#exchange.workerPid === 0 ? null : this.#exchange.workerPid;
  }

  requestField(name: string): string | null {
    // Of several the last, as in Gunicorn.
    const { names, values } = this.#exchange.head.fields;
    return values[names.lastIndexOf(name)] ?? null;
  }

  responseField(name: string): string | null {
    return fieldOf(this.#exchange.responseHead, name);
  }

  *requestFields(): Iterable<readonly [name: string, value: string]> {
    const { names, values } = this.#exchange.head.fields;
    for (const [index, name] of names.entries()) yield [name, values[index] ?? ''];
  }

  *responseFields(): Iterable<readonly [name: string, value: string]> {
    for (const line of this.#exchange.responseHead.split('\r\n').slice(1)) {
      const colon = line.indexOf(':');
      if (colon > 0) yield [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    }
  }

  environ(anyCase: string): string | null {
    const { head } = this.#exchange;
    const peer = this.#peer;
    const name = anyCase.toUpperCase();
    switch (name) {
      case 'REQUEST_METHOD':
        return head.method;
      case 'PATH_INFO':
        return this.path;
      case 'QUERY_STRING':
        return head.query;
      case 'RAW_URI':
        return head.target;
      case 'SERVER_PROTOCOL':
        return this.protocol;
      case 'REMOTE_ADDR':
        return peer.remoteAddress;
      case 'REMOTE_PORT':
        return peer.remotePort;
      case 'PROXY_PROTOCOL':
        return peer.proxyHeader?.protocol ?? null;
      case 'PROXY_ADDR':
        return peer.proxyHeader?.destination?.address ?? null;
      case 'PROXY_PORT':
        return peer.proxyHeader?.destination?.port ?? null;
      case 'SERVER_NAME':
        return peer.serverName;
      case 'SERVER_PORT':
        return peer.serverPort;
      case 'CONTENT_TYPE':
        return this.requestField('content-type');
      case 'CONTENT_LENGTH':
        return this.requestField('content-length');
      default:
        return name.startsWith('HTTP_')
          ? this.requestField(name.slice(5).toLowerCase().replaceAll('_', '-'))
          : (peer.tls?.get(name) ?? null);
    }
  }
}
