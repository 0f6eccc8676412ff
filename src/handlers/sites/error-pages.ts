import { REASON_PHRASES } from '../../protocol/http1/errors.ts';
import { ResponseHead } from '../../protocol/http1/response-head.ts';
import { statusOf } from '../../protocol/http1/response-writer.ts';
import { RESPONSE_FLAG } from '../../protocol/lane/frames.ts';
import type { ErrorPageSpec, RouteSpec } from '../../protocol/supervision/site.ts';
import type { Exchange, Handler } from '../exchange.ts';
import { TakeoverFilter } from '../takeover-filter.ts';
import { compileTemplate } from '../template.ts';
import { ErrorPageExchange, isWithinErrorPage } from './error-page-exchange.ts';
import { compileSender, type SiteRoutes } from './inside.ts';
import { BODY_FIELDS } from './inside-exchange.ts';

/** What the client has, or which part it wants, is said of another resource than the page. */
const DROPPED: ReadonlySet<string> = new Set([
  ...BODY_FIELDS,
  'if-match',
  'if-modified-since',
  'if-none-match',
  'if-range',
  'if-unmodified-since',
  'range',
]);

/** What a client needs of an error, whatever page it gets. */
const KEPT_FIELDS = ['allow', 'proxy-authenticate', 'retry-after', 'www-authenticate'];

/** @param fields of the error, each with its CRLF */
type Page = (exchange: Exchange, status: number, fields: string) => void;

type PageFinder = (status: number, isBodyGone: boolean) => Page | null;

/** Answers errors with pages of the site. */
export function errorPages(
  { errorPages }: RouteSpec,
  next: Handler,
  _: unknown,
  routes: SiteRoutes,
): Handler {
  if (errorPages === null) return next;
  const { pages, intercept } = errorPages;
  const compiled = pages.map((spec) => ({
    spec,
    page: compilePage(spec, routes),
    takesBody: spec.target.startsWith('@'),
  }));
  const pageOf: PageFinder = (status, isBodyGone) => {
    const found = compiled.find(({ spec: { from, to } }) => status >= from && status <= to);
    // Without its body the request would be another one.
    return found === undefined || (found.takesBody && isBodyGone) ? null : found.page;
  };
  return {
    handle: (exchange) => {
      // An error of the page itself has no page, or there would be no end of it.
      if (isWithinErrorPage(exchange)) next.handle(exchange);
      else next.handle(new ErrorPagesFilter(exchange, pageOf, intercept));
    },
  };
}

function compilePage({ target, status: wanted }: ErrorPageSpec, routes: SiteRoutes): Page {
  if (!isInside(target)) {
    const location = compileTemplate(target, encodeURI);
    const status = typeof wanted === 'number' ? wanted : 302;
    const line = `${status} ${REASON_PHRASES[status]}\r\n`;
    return (exchange) => {
      const head = `${line}Location: ${location(exchange)}\r\nContent-Length: 0\r\n`;
      exchange.base.respond(head, RESPONSE_FLAG.length, '');
    };
  }
  const send = compileSender(target, routes, { dropped: DROPPED });
  return (exchange, error, fields) => {
    const status = wanted === 'kept' ? error : wanted === 'own' ? null : wanted;
    send(exchange, (from, head) => new ErrorPageExchange(from, head, { error, status, fields }));
  };
}

const isInside = (target: ErrorPageSpec['target']): target is `@${string}` | `/${string}` =>
  target.startsWith('@') || target.startsWith('/');

class ErrorPagesFilter extends TakeoverFilter {
  readonly #pageOf: PageFinder;
  readonly #intercepts: boolean;

  constructor(outer: Exchange, pageOf: PageFinder, intercepts: boolean) {
    super(outer);
    this.#pageOf = pageOf;
    this.#intercepts = intercepts;
  }

  protected override insteadOf(text: string, flags: number): (() => void) | null {
    const status = statusOf(text);
    const page = this.#intercepts && status >= 300 ? this.#pageOf(status, this.isBodyGone) : null;
    if (page === null) return null;
    const head = new ResponseHead(text, flags);
    const fields = KEPT_FIELDS.flatMap((name) => head.all(name).map((value) => `${name}: ${value}\r\n`));
    return () => page(this, status, fields.join(''));
  }

  protected override insteadOfRefusal(status: number, fields: string): (() => void) | null {
    const page = this.#pageOf(status, this.isBodyGone);
    return page === null ? null : () => page(this, status, fields);
  }
}
