import { RESPONSE_FLAG } from '../protocol/lane/frames.ts';
import type { Exchange, Handler } from './exchange.ts';

/** Why the server should be given no traffic, or null. */
export type ReadinessProbe = () => string | null;

/** The numbers of the running server, as JSON. */
export type MetricsProbe = () => string;

const TEXT = 'text/plain; charset=utf-8';

/**
 * PREFIX/live answers 200 as long as the edge runs; PREFIX/ready 200 or 503 with the reason; PREFIX/metrics with numbers. All are
 * answered by the edge itself, so that busy workers cannot make a probe fail.
 */
export class HealthHandler implements Handler {
  readonly #prefix: string;
  readonly #whyNotReady: ReadinessProbe;
  readonly #metrics: MetricsProbe;

  constructor(prefix: string, whyNotReady: ReadinessProbe, metrics: MetricsProbe) {
    this.#prefix = prefix;
    this.#whyNotReady = whyNotReady;
    this.#metrics = metrics;
  }

  handle(exchange: Exchange): void {
    const page = exchange.head.path.slice(this.#prefix.length);
    if (page === '/live') {
      this.#answer(exchange, '200 OK', 'live\n');
    } else if (page === '/ready' || page === '') {
      const reason = this.#whyNotReady();
      if (reason === null) this.#answer(exchange, '200 OK', 'ready\n');
      else this.#answer(exchange, '503 Service Unavailable', `${reason}\n`);
    } else if (page === '/metrics') {
      this.#answer(exchange, '200 OK', this.#metrics(), 'application/json');
    } else {
      exchange.refuse(404);
    }
  }

  #answer(exchange: Exchange, status: string, body: string, type = TEXT): void {
    const head = `${status}\r\nContent-Type: ${type}\r\nCache-Control: no-store\r\nContent-Length: ${body.length}\r\n`;
    exchange.respond(head, RESPONSE_FLAG.length, body);
  }
}
