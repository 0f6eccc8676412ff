import { mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Exchange } from '../../../../src/handlers/exchange.ts';
import { FileCache } from '../../../../src/handlers/files/file-cache.ts';
import { FileHandler } from '../../../../src/handlers/files/handler.ts';
import { DEFAULT_FILE_OPTIONS, type FileOptions } from '../../../../src/handlers/files/options.ts';
import type { RawConnection } from '../../../support/raw-connection.ts';
import { fieldValue, type RawResponse } from '../../../support/response-reader.ts';
import { makeTemporaryFolder, removeFolder } from '../../../support/temporary-folder.ts';
import { EdgeHarness } from '../../edge/edge-harness.ts';

/** A time in the past, with whole seconds: what tests say about dates is then exact. */
export const MODIFIED = new Date('2024-01-02T03:04:05Z');
export const MODIFIED_TEXT = 'Tue, 02 Jan 2024 03:04:05 GMT';

/** Files in a folder of their own, served at /static by a real server that has no application but `fallback`. */
export class FileSite {
  /** Not served: what is beside the root. */
  readonly outside = makeTemporaryFolder();
  readonly root = join(this.outside, 'root');
  readonly cache = new FileCache();
  readonly reports: string[] = [];
  #edge: EdgeHarness | null = null;
  #client: RawConnection | null = null;

  /** What is found out is not believed any longer, unless the test says so. */
  static async start(options: Partial<FileOptions> = {}): Promise<FileSite> {
    const site = new FileSite();
    mkdirSync(site.root);
    const fallback = { handle: (exchange: Exchange) => exchange.respond('200 OK\r\n', 0, 'the application') };
    const handler = new FileHandler(
      { ...DEFAULT_FILE_OPTIONS, prefix: '/static', folder: site.root, freshMs: 0, ...options },
      { cache: site.cache, fallback, report: (problem) => site.reports.push(problem) },
    );
    site.#edge = await EdgeHarness.start((exchange) => {
      if (handler.prefix.restOf(exchange.head.path) === null) exchange.refuse(404);
      else handler.handle(exchange);
    });
    return site;
  }

  get edge(): EdgeHarness {
    if (this.#edge === null) throw new Error('not started');
    return this.#edge;
  }

  open(): Promise<RawConnection> {
    return this.edge.open();
  }

  write(name: string, content: string | Buffer, modified: Date = MODIFIED): string {
    const path = join(this.root, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content, 'latin1');
    utimesSync(path, modified, modified);
    return path;
  }

  /** Requests follow one another on one connection, so each also shows that the one before was framed rightly. */
  async get(path: string, ...fields: readonly string[]): Promise<RawResponse> {
    return this.ask('GET', path, ...fields);
  }

  async ask(method: string, path: string, ...fields: readonly string[]): Promise<RawResponse> {
    this.#client ??= await this.open();
    this.#client.send(`${[`${method} ${path} HTTP/1.1`, 'Host: a', ...fields].join('\r\n')}\r\n\r\n`);
    const response = await this.#client.readResponse({ method });
    if (fieldValue(response, 'Connection') === 'close') {
      this.#client.destroy();
      this.#client = null;
    }
    return response;
  }

  async stop(): Promise<void> {
    this.#client?.destroy();
    this.cache.close();
    await this.#edge?.stop();
    removeFolder(this.outside);
  }
}
