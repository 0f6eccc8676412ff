import type { FileBody, HeadEdit, Producer } from './exchange.ts';
import { ExchangeFilter } from './exchange-filter.ts';

/** So much of what goes nowhere is read, for the sake of the connection that it comes on; who sends more is told to stop. */
const MAX_DROPPED_BYTES = 64 << 10;

/** Lets another answer take a response's place, as soon as its head, or a refusal, says that it has to. */
export abstract class TakeoverFilter extends ExchangeFilter {
  /** What comes of the response is passed on; or it goes nowhere, since another has taken its place. */
  #state: 'waiting' | 'begun' | 'replaced' = 'waiting';
  /** Who makes the response that has been replaced; null: he has ended, or been told to. */
  #replaced: Producer | null = null;
  #droppedBytes = 0;

  /** What answers in the place of a response with this head; null: nothing does. */
  protected abstract insteadOf(head: string, flags: number): (() => void) | null;

  /** What answers in the place of a refusal. */
  protected insteadOfRefusal(_status: number, _fields: string): (() => void) | null {
    return null;
  }

  #isReplaced(head: string, flags: number): boolean {
    if (this.#state === 'replaced') return true;
    this.#state = 'begun';
    const other = this.insteadOf(head, flags);
    if (other === null) return false;
    this.#replace(other);
    return true;
  }

  #replace(other: () => void): void {
    this.#state = 'replaced';
    // What it still gives goes nowhere, and nobody tells it to wait.
    this.#replaced = this.outer.producer;
    this.outer.producer = null;
    if (!this.isOver) other();
  }

  #drop(body: Buffer, isEnd: boolean): void {
    const producer = this.#replaced;
    this.#droppedBytes += body.length;
    if (!isEnd && this.#droppedBytes <= MAX_DROPPED_BYTES) return;
    this.#replaced = null;
    if (!isEnd) producer?.cancel();
  }

  override respond(head: string, flags: number, body: string | Buffer, source?: object): void {
    if (!this.#isReplaced(head, flags)) this.outer.respond(head, flags, body, source);
  }

  override begin(head: string, flags: number, body: Buffer, isEnd: boolean): void {
    if (!this.#isReplaced(head, flags)) this.outer.begin(head, flags, body, isEnd);
    else this.#drop(body, isEnd);
  }

  override write(body: Buffer, isEnd: boolean): void {
    if (this.#state === 'replaced') this.#drop(body, isEnd);
    else this.outer.write(body, isEnd);
  }

  override respondFile(head: string, flags: number, body: FileBody): void {
    if (this.#isReplaced(head, flags)) body.opened?.();
    else this.outer.respondFile(head, flags, body);
  }

  override abort(): void {
    if (this.#state !== 'replaced') this.outer.abort();
  }

  override refuse(status: number, reason?: string, extraFields = '', edit?: HeadEdit | null): void {
    if (this.#state === 'replaced') return;
    const other = this.#state === 'waiting' ? this.insteadOfRefusal(status, extraFields) : null;
    if (other === null) this.outer.refuse(status, reason, extraFields, edit);
    else this.#replace(other);
  }
}
