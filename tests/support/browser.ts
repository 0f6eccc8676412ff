import { randomBytes } from 'node:crypto';
import { Agent, type IncomingHttpHeaders, request } from 'node:http';

export interface Page {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly text: string;
}

export interface UploadedFile {
  readonly field: string;
  readonly name: string;
  readonly content: Buffer;
}

interface Sending {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer | string;
}

/** A small browser: it keeps cookies and connections, fills forms in and uploads files. It does not follow redirects by itself. */
export class Browser {
  readonly #target: string | { readonly socketPath: string };
  readonly #agent = new Agent({ keepAlive: true });
  readonly #cookies = new Map<string, string>();
  readonly #headers: Readonly<Record<string, string>>;

  /** `target`: `http://HOST:PORT`, or a unix socket. */
  constructor(
    target: string | { readonly socketPath: string },
    headers: Readonly<Record<string, string>> = {},
  ) {
    this.#target = target;
    this.#headers = headers;
  }

  get(path: string, headers: Readonly<Record<string, string>> = {}): Promise<Page> {
    return this.send(path, { headers });
  }

  /** Follows up to five redirects within the site. */
  async follow(path: string): Promise<Page> {
    let page = await this.get(path);
    for (let hops = 0; page.status >= 300 && page.status < 400 && hops < 5; hops++) {
      page = await this.get(pathOf(page.headers.location ?? '/'));
    }
    return page;
  }

  postForm(
    path: string,
    fields: Readonly<Record<string, string>>,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Page> {
    return this.send(path, {
      method: 'POST',
      body: new URLSearchParams(fields).toString(),
      headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    });
  }

  postFile(
    path: string,
    file: UploadedFile,
    fields: Readonly<Record<string, string>> = {},
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Page> {
    const boundary = `kirin${randomBytes(12).toString('hex')}`;
    return this.send(path, {
      method: 'POST',
      body: encodeMultipart(boundary, file, fields),
      headers: { 'content-type': `multipart/form-data; boundary=${boundary}`, ...headers },
    });
  }

  send(path: string, { method = 'GET', headers = {}, body }: Sending = {}): Promise<Page> {
    const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const where = typeof this.#target === 'string' ? addressOf(this.#target) : this.#target;
    return new Promise((resolve, reject) => {
      const sent = request(
        {
          ...where,
          path,
          method,
          agent: this.#agent,
          headers: {
            ...this.#headers,
            ...(cookie === '' ? {} : { cookie }),
            ...(body === undefined ? {} : { 'content-length': Buffer.byteLength(body) }),
            ...headers,
          },
          signal: AbortSignal.timeout(60_000),
        },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('error', reject);
          response.on('end', () => {
            this.#keepCookies(response.headers['set-cookie'] ?? []);
            const whole = Buffer.concat(chunks);
            resolve({
              status: response.statusCode ?? 0,
              headers: response.headers,
              body: whole,
              text: whole.toString('utf8'),
            });
          });
        },
      );
      sent.on('error', reject);
      sent.end(body);
    });
  }

  cookie(name: string): string | undefined {
    return this.#cookies.get(name);
  }

  close(): void {
    this.#agent.destroy();
  }

  #keepCookies(lines: readonly string[]): void {
    for (const line of lines) {
      const [pair = '', ...attributes] = line.split(';');
      const [name = '', value = ''] = splitOnce(pair.trim(), '=');
      if (value === '' || attributes.some((attribute) => attribute.trim().toLowerCase() === 'max-age=0')) {
        this.#cookies.delete(name);
      } else {
        this.#cookies.set(name, value);
      }
    }
  }
}

/** The value of the form's hidden input of this name. */
export function hiddenInput(page: Page, name: string): string {
  const tag = new RegExp(`<input[^>]*name="${name}"[^>]*>`).exec(page.text)?.[0];
  const value = /value="([^"]*)"/.exec(tag ?? '')?.[1];
  if (value === undefined) throw new Error(`no hidden input ${name} in:\n${page.text.slice(0, 2000)}`);
  return value;
}

function encodeMultipart(
  boundary: string,
  file: UploadedFile,
  fields: Readonly<Record<string, string>>,
): Buffer {
  const parts = Object.entries(fields).map(([name, value]) =>
    Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`),
  );
  const head =
    `--${boundary}\r\nContent-Disposition: form-data; name="${file.field}"; filename="${file.name}"\r\n` +
    'Content-Type: application/octet-stream\r\n\r\n';
  return Buffer.concat([...parts, Buffer.from(head), file.content, Buffer.from(`\r\n--${boundary}--\r\n`)]);
}

function addressOf(url: string): { host: string; port: string } {
  const { hostname, port } = new URL(url);
  return { host: hostname, port };
}

function pathOf(location: string): string {
  const url = new URL(location, 'http://site');
  return `${url.pathname}${url.search}`;
}

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + separator.length)];
}
