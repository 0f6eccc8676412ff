import { RESPONSE_FLAG } from '../protocol/lane/frames.ts';
import type { LoadFailure } from '../protocol/supervision/load-failure.ts';
import type { Exchange, Handler, Producer } from './exchange.ts';
import { failurePage, failureText, WAIT_HEADER } from './load-failure-page.ts';

const NO_STORE = 'Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n';
const POLICY =
  "Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'\r\n";

/** With --reload: answers every request while the application does not load. */
export class LoadFailureHandler implements Handler {
  readonly #failure: LoadFailure;
  readonly #id: string;
  /** Pages that wait for this to be over. */
  readonly #waiting = new Set<Exchange>();

  constructor(failure: LoadFailure) {
    this.#failure = failure;
    // After a restart of the server a page that is still open knows the same failure again.
    // Only where it is needed: it takes a start 4 ms.
    const { createHash } = process.getBuiltinModule('node:crypto');
    this.#id = createHash('sha256').update(JSON.stringify(failure)).digest('hex').slice(0, 16);
  }

  handle(exchange: Exchange): void {
    const { method, fields } = exchange.head;
    if (fields.get(WAIT_HEADER) === this.#id) this.#wait(exchange);
    else if (/text\/html|application\/xhtml/i.test(fields.get('accept') ?? '')) {
      // What was sent by a form is not to be sent again by a script.
      const id = method === 'GET' ? this.#id : null;
      answer(exchange, 'text/html', POLICY, failurePage(this.#failure, id));
    } else {
      answer(exchange, 'text/plain', '', failureText(this.#failure));
    }
  }

  /** It is over, or another failure has taken its place. */
  end(): void {
    for (const exchange of this.#waiting) {
      exchange.respond(`204 No Content\r\n${NO_STORE}`, RESPONSE_FLAG.length, '');
    }
    this.#waiting.clear();
  }

  /** The server stops: who waits goes on waiting for the next one. */
  stop(): void {
    for (const exchange of this.#waiting) exchange.abort();
    this.#waiting.clear();
  }

  #wait(exchange: Exchange): void {
    const producer: Producer = {
      isWaiting: true,
      pause() {},
      resume() {},
      cancel: () => this.#waiting.delete(exchange),
    };
    exchange.producer = producer;
    this.#waiting.add(exchange);
  }
}

function answer(exchange: Exchange, type: string, fields: string, text: string): void {
  // Bodies are handed on as text of one byte each.
  const body = Buffer.from(text).toString('latin1');
  const head = `500 Internal Server Error\r\nContent-Type: ${type}; charset=utf-8\r\n${NO_STORE}${fields}Content-Length: ${body.length}\r\n`;
  exchange.respond(head, RESPONSE_FLAG.length, body);
}
