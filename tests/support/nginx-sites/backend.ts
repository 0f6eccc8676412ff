import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A server behind others: it tells what it was asked, or does what the path says. */
export class Backend {
  readonly name: string;
  readonly #server: Server;

  private constructor(name: string) {
    this.name = name;
    this.#server = createServer((request, response) => answer(name, request, response));
    this.#server.on('upgrade', (request, socket) => {
      socket.write(
        `HTTP/1.1 101 Switching Protocols\r\nUpgrade: ${request.headers.upgrade}\r\nConnection: Upgrade\r\n\r\n${name} ${request.url}\n`,
      );
      socket.pipe(socket);
    });
  }

  /** `path`: of a unix socket; without, a port is found. */
  static async start(name: string, path: string | null = null): Promise<Backend> {
    const backend = new Backend(name);
    await new Promise<void>((resolve, reject) => {
      backend.#server.once('error', reject);
      if (path === null) backend.#server.listen(0, '127.0.0.1', resolve);
      else backend.#server.listen(path, resolve);
    });
    return backend;
  }

  get address(): string {
    const { port } = this.#server.address() as AddressInfo;
    return `127.0.0.1:${port}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

const DATE = 'Tue, 02 Jan 2024 03:04:05 GMT';
let counter = 0;

function answer(name: string, request: IncomingMessage, response: ServerResponse): void {
  let body = '';
  request.setEncoding('latin1').on('data', (text: string) => {
    body += text;
  });
  request.on('end', () => {
    const url = request.url ?? '';
    const [, status] = /\/status\/(\d+)/.exec(url) ?? [];
    const fields: Record<string, string | string[]> = {
      'content-type': 'application/json',
      'x-backend': name,
    };
    if (url.includes('/redirect')) {
      response.writeHead(302, { location: `http://${request.headers.host}/target?a=b` }).end();
    } else if (url.includes('/cookies')) {
      response.writeHead(200, { ...fields, 'set-cookie': ['a=1', 'b=2'] }).end('{}');
    } else if (url.includes('/large')) {
      response.writeHead(200, { ...fields, 'content-type': 'text/html' }).end('<p>large</p>\n'.repeat(5000));
    } else if (url.includes('/counted')) {
      counter += 1;
      response.writeHead(200, { ...fields, 'cache-control': 'max-age=60' }).end(String(counter));
    } else if (url.includes('/uncached')) {
      counter += 1;
      response.writeHead(200, { ...fields, 'cache-control': 'no-store' }).end(String(counter));
    } else if (url.includes('/dated')) {
      response.writeHead(200, { ...fields, 'last-modified': DATE, etag: '"one"' }).end('dated');
    } else if (url.includes('/accel')) {
      response
        .writeHead(200, { 'x-accel-redirect': '/protected/secret.txt', 'content-type': 'text/plain' })
        .end();
    } else if (status !== undefined) {
      response.writeHead(Number(status), fields).end(`status ${status}`);
    } else {
      response.writeHead(200, fields).end(JSON.stringify(told(name, request, body)));
    }
  });
}

export interface Told {
  readonly backend: string;
  readonly method: string;
  readonly url: string;
  readonly fields: Readonly<Record<string, string>>;
  readonly body: string;
}

function told(backend: string, { method = '', url = '', headers }: IncomingMessage, body: string): Told {
  const fields = Object.entries(headers).map(([field, value]) => [field, String(value)]);
  return { backend, method, url, fields: Object.fromEntries(fields), body };
}
