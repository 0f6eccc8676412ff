// Reads HTTP/1 responses, one after the other, as far as the load generator needs to: status, where it ends, and whether the
// connection lives on. Of the fields only those that say so are looked at.

type Part = 'head' | 'body' | 'chunk-size' | 'chunk' | 'trailer' | 'until-end';

/** No server of the comparison sends as much; it bounds what garbage is collected. */
const MAX_HEAD_LENGTH = 64 * 1024;

export class ResponseReader {
  status = 0;
  /** Whether the connection may be used for another request. */
  keepsAlive = true;
  #part: Part = 'head';
  /** Received and not yet understood. */
  #text = '';
  /** Bytes of the body or chunk that are still to come. */
  #missing = 0;

  /** Whether any of the response has come. */
  get hasBegun(): boolean {
    return this.#part !== 'head' || this.#text !== '';
  }

  /** Takes what was received, as Latin-1; whether the response is complete now. Throws on what is no response. */
  read(received: string): boolean {
    this.#text = this.#text === '' ? received : this.#text + received;
    while (this.#step()) {
      if (this.#part !== 'head') continue;
      if (this.#text !== '') throw new Error(`bytes after the response: ${this.#text.slice(0, 40)}`);
      return true;
    }
    return false;
  }

  /** The server closed the connection; whether that completes the response. */
  end(): boolean {
    return this.#part === 'until-end';
  }

  /** Does one step; false when it needs more bytes. After the last step of a response the part is `head` again. */
  #step(): boolean {
    switch (this.#part) {
      case 'head': {
        const end = this.#text.indexOf('\r\n\r\n');
        if (end < 0 && this.#text.length > MAX_HEAD_LENGTH) throw new Error('a head without end');
        if (end < 0) return false;
        this.#part = this.#readHead(this.#text.slice(0, end + 2));
        this.#text = this.#text.slice(end + 4);
        return true;
      }
      case 'body':
        return this.#skip('head');
      case 'chunk-size': {
        const line = this.#takeLine();
        if (line === null) return false;
        const size = /^([0-9a-f]+)\s*(;|$)/i.exec(line)?.[1];
        if (size === undefined) throw new Error(`not the size of a chunk: ${line.slice(0, 40)}`);
        const bytes = Number.parseInt(size, 16);
        this.#part = bytes === 0 ? 'trailer' : 'chunk';
        this.#missing = bytes + 2; // and its line end
        return true;
      }
      case 'chunk':
        return this.#skip('chunk-size');
      case 'trailer': {
        const line = this.#takeLine();
        if (line === '') this.#part = 'head';
        return line !== null;
      }
      case 'until-end':
        this.#text = '';
        return false;
    }
  }

  /** The part that follows. */
  #readHead(head: string): Part {
    const line = /^HTTP\/1\.([01]) (\d{3})[ \r]/.exec(head);
    if (line === null) throw new Error(`not a response: ${head.slice(0, 40)}`);
    this.status = Number(line[2]);
    const connection = /\r\nconnection:[ \t]*(close|keep-alive)/i.exec(head)?.[1]?.toLowerCase();
    this.keepsAlive = line[1] === '1' ? connection !== 'close' : connection === 'keep-alive';
    const length = /\r\ncontent-length:[ \t]*(\d+)/i.exec(head)?.[1];
    if (/\r\ntransfer-encoding:[ \t]*chunked/i.test(head)) return 'chunk-size';
    this.#missing =
      this.status === 204 || this.status === 304 ? 0 : Number(length ?? Number.POSITIVE_INFINITY);
    if (this.#missing < Number.POSITIVE_INFINITY) return 'body';
    this.keepsAlive = false;
    return 'until-end';
  }

  /** Drops what is missing of a body or chunk; when all of it has come, `next` is the next part. */
  #skip(next: Part): boolean {
    const here = Math.min(this.#missing, this.#text.length);
    this.#missing -= here;
    this.#text = this.#text.slice(here);
    if (this.#missing > 0) return false;
    this.#part = next;
    return true;
  }

  #takeLine(): string | null {
    const end = this.#text.indexOf('\r\n');
    if (end < 0) return null;
    const line = this.#text.slice(0, end);
    this.#text = this.#text.slice(end + 2);
    return line;
  }
}
