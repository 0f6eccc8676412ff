import { type DeadlineList, Timed } from '../../base/deadlines.ts';
import type { Reading } from '../client-connection.ts';
import type { ClientExchange } from '../client-exchange.ts';

/** The next piece of a request's body has to come in time. With HTTP/1 it is the connection that waits. */
export class BodyDeadline extends Timed implements Reading {
  readonly #exchange: ClientExchange;
  readonly #list: DeadlineList<Reading>;

  constructor(exchange: ClientExchange, list: DeadlineList<Reading>) {
    super();
    this.#exchange = exchange;
    this.#list = list;
  }

  /** From now on. */
  start(): void {
    this.#list.add(this, performance.now());
  }

  stop(): void {
    this.deadlineList?.remove(this);
  }

  expireReading(): void {
    this.#exchange.failBody(408, 'The body did not arrive in time');
  }
}
