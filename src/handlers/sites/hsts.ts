import { fieldOf } from '../../protocol/http1/response-head.ts';
import type { RouteOptions } from '../../protocol/supervision/site.ts';
import type { FileBody, Handler, HeadEdit } from '../exchange.ts';
import { ExchangeFilter } from '../exchange-filter.ts';
import { schemeOf } from '../template.ts';

const NAME = 'Strict-Transport-Security';

/** Tells browsers to come by HTTPS alone. RFC 6797 7.2: it is not said over plain HTTP. */
export function hsts({ hsts }: Pick<RouteOptions, 'hsts'>, next: Handler): Handler {
  if (hsts === null) return next;
  const line = `${NAME}: ${hsts}\r\n`;
  return {
    handle: (exchange) => {
      next.handle(schemeOf(exchange) === 'https' ? new HstsFilter(exchange, line) : exchange);
    },
  };
}

class HstsFilter extends ExchangeFilter {
  readonly #line: string;

  constructor(outer: ExchangeFilter['outer'], line: string) {
    super(outer);
    this.#line = line;
  }

  override respond(head: string, flags: number, body: string | Buffer, source?: object): void {
    this.outer.respond(this.#with(head), flags, body, source);
  }

  override begin(head: string, flags: number, body: Buffer, isEnd: boolean): void {
    this.outer.begin(this.#with(head), flags, body, isEnd);
  }

  override respondFile(head: string, flags: number, body: FileBody): void {
    this.outer.respondFile(this.#with(head), flags, body);
  }

  override refuse(status: number, reason?: string, extraFields = '', edit?: HeadEdit | null): void {
    this.outer.refuse(status, reason, `${extraFields}${this.#line}`, edit);
  }

  /** RFC 6797 6.1: once. What the application says is stronger. */
  #with(head: string): string {
    return fieldOf(head, NAME.toLowerCase()) === null ? head + this.#line : head;
  }
}
