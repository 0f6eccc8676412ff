import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What the origin answers to the first request of a path, the second … The last one holds for all that follow. */
export interface ScriptedAnswer {
  readonly status?: number;
  readonly fields?: readonly string[];
  /** Default: the number of the request, from 1. */
  readonly body?: string;
  /** 304 where the request has this entity tag, or this date. */
  readonly notModifiedFor?: string;
  /** Waits for this before it answers. */
  readonly until?: () => Promise<unknown>;
  /** Sends so many bytes of the body, and breaks off. */
  readonly breaksOffAfter?: number;
}

export interface SeenRequest {
  readonly method: string;
  readonly fields: IncomingMessage['headers'];
}

/** A server whose answers a test decides, path by path. */
export class ScriptedOrigin {
  readonly #server: Server;
  readonly #scripts = new Map<string, readonly ScriptedAnswer[]>();
  readonly #seen = new Map<string, SeenRequest[]>();

  private constructor() {
    this.#server = createServer((request, response) => void this.#answer(request, response));
  }

  static async start(): Promise<ScriptedOrigin> {
    const origin = new ScriptedOrigin();
    await new Promise<void>((resolve) => origin.#server.listen(0, '127.0.0.1', resolve));
    return origin;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** `path`: with its query. */
  script(path: string, answers: readonly ScriptedAnswer[]): void {
    this.#scripts.set(path, answers);
  }

  seen(path: string): readonly SeenRequest[] {
    return this.#seen.get(path) ?? [];
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? '';
    const seen = this.#seen.get(path) ?? [];
    this.#seen.set(path, seen);
    seen.push({ method: request.method ?? '', fields: request.headers });
    const number = seen.length;
    const answers = this.#scripts.get(path) ?? [];
    const answer = answers[Math.min(number, answers.length) - 1] ?? { status: 404 };
    await answer.until?.();
    response.sendDate = !(answer.fields ?? []).some((field) => /^date:/i.test(field));
    const { 'if-none-match': tag, 'if-modified-since': date } = request.headers;
    const isSame = answer.notModifiedFor !== undefined && [tag, date].includes(answer.notModifiedFor);
    const fields = (answer.fields ?? []).map((field) => [
      field.slice(0, field.indexOf(':')),
      field.slice(field.indexOf(':') + 1).trim(),
    ]);
    const body = answer.body ?? String(number);
    const length = answer.breaksOffAfter === undefined ? [] : [['Content-Length', String(body.length)]];
    response.writeHead(isSame ? 304 : (answer.status ?? 200), [...fields, ...length].flat());
    if (isSame || request.method === 'HEAD') {
      response.end();
    } else if (answer.breaksOffAfter === undefined) {
      response.end(body);
    } else {
      response.write(body.slice(0, answer.breaksOffAfter), () => response.destroy());
    }
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
