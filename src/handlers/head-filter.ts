import { ResponseHead } from '../protocol/http1/response-head.ts';
import type { FileBody, HeadEdit } from './exchange.ts';
import { ExchangeFilter } from './exchange-filter.ts';

/** Changes the heads of responses, those of refusals included. */
export abstract class HeadFilter extends ExchangeFilter {
  protected abstract edit(head: ResponseHead): void;

  #edited(text: string, flags: number): ResponseHead {
    const head = new ResponseHead(text, flags);
    this.edit(head);
    return head;
  }

  override respond(text: string, flags: number, body: string | Buffer, source?: object): void {
    const head = this.#edited(text, flags);
    this.outer.respond(head.text, head.flags, body, source);
  }

  override begin(text: string, flags: number, body: Buffer, isEnd: boolean): void {
    const head = this.#edited(text, flags);
    this.outer.begin(head.text, head.flags, body, isEnd);
  }

  override respondFile(text: string, flags: number, body: FileBody): void {
    const head = this.#edited(text, flags);
    this.outer.respondFile(head.text, head.flags, body);
  }

  override refuse(status: number, reason?: string, extraFields?: string, edit?: HeadEdit | null): void {
    this.outer.refuse(status, reason, extraFields, (head) => {
      edit?.(head);
      this.edit(head);
    });
  }
}
