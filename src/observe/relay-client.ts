// Hands log records to the relay, one JSON object a line, over a unix socket. Nothing waits for it: what cannot be sent is
// dropped beyond a bound, and counted. python/kirin_worker/relay_client.py does the same in workers.

import { connect, type Socket } from 'node:net';

/** Names and levels are those of Python's `logging`. */
export type RelayRecord =
  | {
      readonly type: 'log';
      readonly level: number;
      readonly text: string;
      readonly pid: number;
      /** Seconds since 1970. */
      readonly at: number;
      /** It comes with a traceback. */
      readonly exception?: true;
    }
  | {
      readonly type: 'access';
      readonly line: string;
      readonly pid: number;
      readonly at: number;
      readonly atoms?: Readonly<Record<string, string | number>>;
    }
  /** Of StatsD, a line each. */
  | { readonly type: 'metrics'; readonly text: string }
  | { readonly type: 'lost'; readonly count: number };

const MAX_PENDING_CHARACTERS = 16 * 2 ** 20;
const FIRST_RETRY_MS = 20;
const LONGEST_RETRY_MS = 1000;

export class RelayClient {
  readonly #path: string;
  #socket: Socket | null = null;
  #isConnected = false;
  /** Records that the socket was not given yet. */
  #pending = '';
  #lost = 0;
  #retryMs = FIRST_RETRY_MS;
  #retry: NodeJS.Timeout | undefined;
  #isScheduled = false;
  #whenClosed: (() => void) | null = null;

  constructor(path: string) {
    this.#path = path;
    this.#connect();
  }

  send(record: RelayRecord): void {
    const line = `${JSON.stringify(record)}\n`;
    const held = this.#pending.length + (this.#socket?.writableLength ?? 0);
    if (held + line.length > MAX_PENDING_CHARACTERS || this.#whenClosed !== null) {
      this.#lost++;
      return;
    }
    this.#pending += line;
    if (this.#isScheduled || !this.#isConnected) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.#flush();
    });
  }

  /** Resolves once the system has taken what was sent; at the latest after `limitMs`. */
  close(limitMs: number): Promise<void> {
    return new Promise((resolve) => {
      const limit = setTimeout(() => this.#end(), limitMs);
      this.#whenClosed = () => {
        clearTimeout(limit);
        resolve();
      };
      if (this.#isConnected) this.#finish();
    });
  }

  #connect(): void {
    const socket = connect(this.#path);
    this.#socket = socket;
    // The relay sends nothing. Its end means that another takes its place: Node ends this side too, after what was written.
    socket.resume();
    socket.on('connect', () => {
      this.#isConnected = true;
      this.#retryMs = FIRST_RETRY_MS;
      this.#flush();
      if (this.#whenClosed !== null) this.#finish();
    });
    socket.on('end', () => this.#reconnect(socket));
    socket.on('error', () => {}); // `close` follows
    socket.on('close', () => this.#reconnect(socket));
  }

  /** Once for each socket. */
  #reconnect(socket: Socket): void {
    if (this.#socket !== socket) return;
    const wasConnected = this.#isConnected;
    this.#isConnected = false;
    this.#socket = null;
    if (this.#whenClosed !== null && (wasConnected || this.#pending === '')) {
      this.#end();
      return;
    }
    this.#retry = setTimeout(() => this.#connect(), this.#retryMs);
    this.#retryMs = Math.min(2 * this.#retryMs, LONGEST_RETRY_MS);
  }

  #flush(): void {
    if (!this.#isConnected || this.#socket === null) return;
    if (this.#lost > 0) {
      const record: RelayRecord = { type: 'lost', count: this.#lost };
      this.#pending += `${JSON.stringify(record)}\n`;
      this.#lost = 0;
    }
    if (this.#pending === '') return;
    this.#socket.write(this.#pending);
    this.#pending = '';
  }

  #finish(): void {
    this.#flush();
    this.#socket?.end();
  }

  #end(): void {
    clearTimeout(this.#retry);
    const socket = this.#socket;
    this.#socket = null;
    socket?.destroy();
    this.#whenClosed?.();
  }
}
