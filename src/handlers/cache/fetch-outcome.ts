import type { Asked, StoragePolicy } from '../../protocol/caching/storability.ts';
import type { StoredFacts } from '../../protocol/caching/stored-facts.ts';
import type { RequestHead } from '../../protocol/http1/request-head.ts';
import type { ResponseHead } from '../../protocol/http1/response-head.ts';
import type { Exchange, HeadEdit } from '../exchange.ts';
import type { SharedCache } from './shared-cache.ts';
import type { StoredResponse } from './stored-response.ts';

/** What a fetch comes to, for those who wait for it. */
export type Outcome =
  /** It is stored. */
  | { readonly kind: 'stored'; readonly stored: StoredResponse }
  /** What there was is used, since whoever makes it fails. */
  | { readonly kind: 'stale'; readonly stored: StoredResponse }
  /** It is no response for a cache: each has to ask for himself. */
  | { readonly kind: 'passed' }
  /** Nothing came of it, which this status says. */
  | {
      readonly kind: 'refused';
      readonly status: number;
      readonly reason: string;
      readonly fields: string;
      readonly edit: HeadEdit | null;
    }
  /** It broke off in the middle. */
  | { readonly kind: 'broken' };

export interface Waiter {
  readonly exchange: Exchange;
  settle(outcome: Outcome): void;
}

/** Who asked first, and is answered while the response comes. */
export interface Leader extends Waiter {
  /** Whether the response goes to him as it comes, he waits for the outcome like others, asks for himself, or has been answered. */
  takes(head: ResponseHead, facts: StoredFacts | null): 'streams' | 'waits' | 'asks-himself' | 'answered';
  /** Lines that his response gets. */
  fieldsFor(head: ResponseHead, isStored: boolean): string;
}

export interface FetchOptions {
  readonly id: string;
  readonly key: string;
  readonly head: RequestHead;
  /** Whose request it is; null for one that nobody waits for. */
  readonly leader: Leader | null;
  /** Whose request it was made of. */
  readonly from: Exchange;
  readonly asked: Omit<Asked, 'askedMs' | 'receivedMs'>;
  readonly policy: StoragePolicy;
  readonly maxEntryBytes: number;
  /** What the request is a condition about; or what may hide an error; null: there is none. */
  readonly stored: StoredResponse | null;
  readonly cache: SharedCache;
}
