// Fields of a response's head (`200 OK\r\nName: value\r\n…`, latin-1), read and changed in place: most of a head is of no concern to whoever
// changes one field of it, so it is not parsed.

import { RESPONSE_FLAG } from '../lane/frames.ts';
import { statusOf } from './response-writer.ts';

/** What the flags say is there. */
const FLAG_OF: Readonly<Record<string, number>> = {
  'content-length': RESPONSE_FLAG.length,
  date: RESPONSE_FLAG.date,
  server: RESPONSE_FLAG.server,
};

const COLON = 0x3a;

/** A head and the RESPONSE_FLAGs that describe it, which stay true whatever is changed. */
export class ResponseHead {
  text: string;
  flags: number;

  constructor(text: string, flags: number) {
    this.text = text;
    this.flags = flags;
  }

  get status(): number {
    return statusOf(this.text);
  }

  /** The first value of this field; null: there is none. @param name in lower case */
  get(name: string): string | null {
    return fieldOf(this.text, name);
  }

  /** Of all fields of this name. @param name in lower case */
  all(name: string): readonly string[] {
    const values: string[] = [];
    for (let at = findField(this.text, name, 0); at !== -1; at = findField(this.text, name, at)) {
      const end = this.text.indexOf('\r\n', at);
      values.push(this.text.slice(at + name.length + 1, end).trim());
      at = end;
    }
    return values;
  }

  setStatus(status: number, phrase: string): void {
    this.text = `${status} ${phrase}${this.text.slice(this.text.indexOf('\r\n'))}`;
  }

  /** @param name as it is to be written @param value latin-1, without control characters */
  append(name: string, value: string): void {
    this.text += `${name}: ${value}\r\n`;
    this.flags |= FLAG_OF[name.toLowerCase()] ?? 0;
  }

  /** In the place of all fields of this name. */
  set(name: string, value: string): void {
    this.remove(name.toLowerCase());
    this.append(name, value);
  }

  /** All fields of this name. @param name in lower case */
  remove(name: string): void {
    let { text } = this;
    for (let at = findField(text, name, 0); at !== -1; at = findField(text, name, at - 2)) {
      text = text.slice(0, at) + text.slice(text.indexOf('\r\n', at) + 2);
    }
    this.text = text;
    this.flags &= ~(FLAG_OF[name] ?? 0);
  }

  /** Into a list such as Vary, unless it is among its elements, or `*` is. */
  addToList(name: string, element: string): void {
    const values = this.all(name.toLowerCase()).join(', ');
    const elements = values.split(',').map((each) => each.trim().toLowerCase());
    if (elements.includes('*') || elements.includes(element.toLowerCase())) return;
    this.set(name, values === '' ? element : `${values}, ${element}`);
  }
}

/** The first value of this field; null: there is none. @param name in lower case */
export function fieldOf(head: string, name: string): string | null {
  const at = findField(head, name, 0);
  return at === -1 ? null : head.slice(at + name.length + 1, head.indexOf('\r\n', at)).trim();
}

/** Where the next line of this field begins, behind the end of the line that is looked for from `from` on; -1: there is none. */
function findField(head: string, name: string, from: number): number {
  for (let end = head.indexOf('\r\n', from); end !== -1; end = head.indexOf('\r\n', end + 2)) {
    const start = end + 2;
    // Most lines differ in length, and nothing has to be cut out to see that.
    if (head.charCodeAt(start + name.length) !== COLON) continue;
    if (head.slice(start, start + name.length).toLowerCase() === name) return start;
  }
  return -1;
}
