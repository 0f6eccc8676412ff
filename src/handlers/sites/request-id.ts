import { FieldBlock } from '../../protocol/http1/field-block.ts';
import type { RequestHead } from '../../protocol/http1/request-head.ts';
import type { ResponseHead } from '../../protocol/http1/response-head.ts';
import type { RouteSpec } from '../../protocol/supervision/site.ts';
import type { Exchange, Handler } from '../exchange.ts';
import { HeadFilter } from '../head-filter.ts';
import { requestIdOf } from '../request-id.ts';

const FIELD = 'x-request-id';

/** Gives each request an X-Request-ID, for whoever answers it and for the client. */
export function requestId({ requestId }: RouteSpec, next: Handler): Handler {
  if (!requestId) return next;
  return { handle: (exchange) => next.handle(new RequestIdFilter(exchange)) };
}

class RequestIdFilter extends HeadFilter {
  readonly #head: RequestHead;
  readonly #id: string;

  constructor(outer: Exchange) {
    super(outer);
    this.#id = requestIdOf(outer);
    const { head } = outer;
    this.#head = { ...head, fields: withField(head.fields, this.#id) };
  }

  override get head(): RequestHead {
    return this.#head;
  }

  protected override edit(head: ResponseHead): void {
    head.set('X-Request-ID', this.#id);
  }
}

function withField({ names, values }: FieldBlock, id: string): FieldBlock {
  const isOther = (_: string, index: number) => names[index] !== FIELD;
  return new FieldBlock([...names.filter(isOther), FIELD], [...values.filter(isOther), id]);
}
