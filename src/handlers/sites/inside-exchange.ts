import { FieldBlock } from '../../protocol/http1/field-block.ts';
import type { RequestHead } from '../../protocol/http1/request-head.ts';
import type { Exchange } from '../exchange.ts';
import { ExchangeFilter } from '../exchange-filter.ts';

/** A request that goes on inside of Kirin, to another path, or to a route by its name. */
export class InsideExchange extends ExchangeFilter {
  readonly #head: RequestHead;
  readonly #redirects: number;

  /** The layers of the route that it comes from are left behind. */
  constructor(exchange: Exchange, head: RequestHead) {
    super(exchange.base);
    this.#head = head;
    this.#redirects = exchange.redirects + 1;
  }

  /** What was sent on. */
  get comesFrom(): Exchange {
    return this.outer;
  }

  override get head(): RequestHead {
    return this.#head;
  }

  override get base(): Exchange {
    return this;
  }

  override get redirects(): number {
    return this.#redirects;
  }
}

/** The head with another path; both are percent-encoded. */
export function headWithPath(head: RequestHead, path: string, query: string): RequestHead {
  const target = query === '' ? path : `${path}?${query}`;
  return { ...head, target, path, query, original: head.original ?? head };
}

/** As GET, without a body, or as HEAD. @param dropped names of fields that it loses, in lower case */
export function headAsGet(head: RequestHead, dropped: ReadonlySet<string>): RequestHead {
  return {
    ...head,
    method: head.method === 'HEAD' ? 'HEAD' : 'GET',
    fields: without(head.fields, dropped),
    bodyLength: 0,
    expectsContinue: false,
    original: head.original ?? head,
  };
}

/** Of the body that is there no more. */
export const BODY_FIELDS: ReadonlySet<string> = new Set([
  'content-encoding',
  'content-length',
  'content-type',
  'expect',
  'transfer-encoding',
]);

function without(fields: FieldBlock, dropped: ReadonlySet<string>): FieldBlock {
  const { names, values } = fields;
  if (!names.some((name) => dropped.has(name))) return fields;
  const isKept = (_: string, index: number) => !dropped.has(names[index] as string);
  return new FieldBlock(names.filter(isKept), values.filter(isKept));
}
