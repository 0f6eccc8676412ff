import type { ResponseHead } from '../../protocol/http1/response-head.ts';
import { RESPONSE_FLAG } from '../../protocol/lane/frames.ts';
import type { RouteSpec } from '../../protocol/supervision/site.ts';
import type { Exchange, Handler } from '../exchange.ts';
import { HeadFilter } from '../head-filter.ts';
import { compileTemplate, type Template } from '../template.ts';
import { statusSeen } from './error-page-exchange.ts';

/** Nginx's: other responses get a field only if asked. */
const USUAL_STATUSES = new Set([200, 201, 204, 206, 301, 302, 303, 304, 307, 308]);

/** There is one of each at most, so one that is added takes the other's place. */
const SINGLE = new Set([
  'content-disposition',
  'content-type',
  'date',
  'etag',
  'expires',
  'last-modified',
  'location',
  'retry-after',
  'server',
  'strict-transport-security',
]);

/** The edge adds these, unless it is told that they are there. */
const ADDED_LATER: Readonly<Record<string, number>> = {
  date: RESPONSE_FLAG.date,
  server: RESPONSE_FLAG.server,
};

interface Addition {
  readonly name: string;
  readonly value: Template;
  readonly onErrors: boolean;
  readonly replaces: boolean;
}

interface Changes {
  readonly removed: readonly string[];
  readonly added: readonly Addition[];
}

/** Removes fields from responses, and adds others. */
export function headers({ addHeaders, removeHeaders }: RouteSpec, next: Handler): Handler {
  if (addHeaders.length === 0 && removeHeaders.length === 0) return next;
  const added = addHeaders.map(({ name, value, onErrors }) => ({
    name,
    value: compileTemplate(value),
    onErrors,
    replaces: SINGLE.has(name.toLowerCase()),
  }));
  const changes = { removed: removeHeaders, added };
  return { handle: (exchange) => next.handle(new HeadersFilter(exchange, changes)) };
}

class HeadersFilter extends HeadFilter {
  readonly #changes: Changes;

  constructor(outer: Exchange, changes: Changes) {
    super(outer);
    this.#changes = changes;
  }

  protected override edit(head: ResponseHead): void {
    const { removed, added } = this.#changes;
    for (const name of removed) {
      head.remove(name);
      head.flags |= ADDED_LATER[name] ?? 0;
    }
    const isUsual = USUAL_STATUSES.has(statusSeen(this, head.status));
    for (const { name, value, onErrors, replaces } of added) {
      if (!isUsual && !onErrors) continue;
      const text = value(this);
      if (text === '') continue;
      if (replaces) head.set(name, text);
      else head.append(name, text);
    }
  }
}
