import { ResponseHead } from '../protocol/http1/response-head.ts';
import { RESPONSE_FLAG } from '../protocol/lane/frames.ts';
import type { FileBody } from './exchange.ts';
import { ExchangeFilter } from './exchange-filter.ts';
import { refusalPage } from './refusal-page.ts';

/** Changes the heads of responses, those of refusals included. */
export abstract class HeadFilter extends ExchangeFilter {
  #hasBegun = false;

  protected abstract edit(head: ResponseHead): void;

  #edited(text: string, flags: number): ResponseHead {
    this.#hasBegun = true;
    const head = new ResponseHead(text, flags);
    this.edit(head);
    return head;
  }

  override respond(text: string, flags: number, body: string | Buffer): void {
    const head = this.#edited(text, flags);
    this.outer.respond(head.text, head.flags, body);
  }

  override begin(text: string, flags: number, body: Buffer, isEnd: boolean): void {
    const head = this.#edited(text, flags);
    this.outer.begin(head.text, head.flags, body, isEnd);
  }

  override respondFile(text: string, flags: number, body: FileBody): void {
    const head = this.#edited(text, flags);
    this.outer.respondFile(head.text, head.flags, body);
  }

  override refuse(status: number, reason = '', extraFields = ''): void {
    if (this.#hasBegun) {
      this.outer.refuse(status, reason, extraFields);
      return;
    }
    const { head, body } = refusalPage(status, reason, extraFields);
    this.respond(head, RESPONSE_FLAG.length, body);
  }
}
