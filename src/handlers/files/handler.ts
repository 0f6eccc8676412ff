import { RESPONSE_FLAG } from '../../protocol/lane/frames.ts';
import type { Exchange, Handler } from '../exchange.ts';
import { answerWithFile } from './answer.ts';
import type { FileStore, FoundFile } from './file-cache.ts';
import { FileFinder, type Finding } from './finder.ts';
import { answerWithListing } from './listing.ts';
import type { FileOptions } from './options.ts';
import { PathPrefix } from './prefix.ts';
import { readWhole } from './read-whole.ts';
import type { Representation } from './representation.ts';
import { encodeName, type FilePath, PathProblem, parseFilePath } from './request-path.ts';

/** A content up to this size is kept in memory once it is asked for again. */
const WARM_BYTES = 2 << 20;

export interface FileHandlerParts {
  readonly cache: FileStore;
  /** Who answers where there is no file, when the options do not say. */
  readonly fallback: Handler | null;
  /** For the error log: why a file that is there is not served. */
  readonly report: (problem: string) => void;
}

/** Serves the files of one folder. */
export class FileHandler implements Handler {
  readonly prefix: PathPrefix;
  readonly #options: FileOptions;
  readonly #finder: FileFinder;
  readonly #parts: FileHandlerParts;
  /** Requests for what is being looked up: it is done once for all of them. */
  readonly #waiting = new Map<string, Exchange[]>();
  /** Whose content is being read, or could not be. */
  readonly #warming = new WeakSet<Representation>();

  constructor(options: FileOptions, parts: FileHandlerParts) {
    this.#options = options;
    this.#parts = parts;
    this.prefix = new PathPrefix(options.prefix);
    this.#finder = new FileFinder(options);
  }

  handle(exchange: Exchange): void {
    const { method, path } = exchange.head;
    if (method !== 'GET' && method !== 'HEAD') {
      if (this.#options.missing === null && this.#parts.fallback !== null)
        this.#parts.fallback.handle(exchange);
      else exchange.refuse(405, '', 'Allow: GET, HEAD\r\n');
      return;
    }
    const found = this.#parts.cache.get(path);
    if (found !== undefined && exchange.receivedMs < found.freshUntilMs) {
      if (found.isUsed) this.#warm(path, found);
      found.isUsed = true;
      answerWithFile(exchange, found);
      return;
    }
    const waiting = this.#waiting.get(path);
    if (waiting !== undefined) {
      waiting.push(exchange);
      return;
    }
    const filePath = this.#filePathOf(path);
    if (filePath instanceof PathProblem) {
      this.#answerMissing(exchange, 400, filePath.reason);
      return;
    }
    this.#waiting.set(path, [exchange]);
    void this.#lookUp(path, filePath, found);
  }

  #filePathOf(path: string): FilePath | PathProblem {
    const rest = this.prefix.restOf(path) ?? '';
    return parseFilePath(this.#options.mapping === 'root' ? path : rest);
  }

  async #lookUp(path: string, filePath: FilePath, before: FoundFile | undefined): Promise<void> {
    const { cache } = this.#parts;
    const finding = await this.#find(path, filePath, before).catch(
      (error: Error): Finding => ({ kind: 'failed', why: error.message }),
    );
    const waiting = this.#waiting.get(path) ?? [];
    this.#waiting.delete(path);
    for (const exchange of waiting) this.#answer(exchange, finding);
    // Only now: what the cache holds, it may also let go at any time.
    if (finding.kind !== 'file') cache.delete(path);
    else if (finding.file !== before) cache.set(path, finding.file);
  }

  async #find(path: string, filePath: FilePath, before: FoundFile | undefined): Promise<Finding> {
    const isSame = before !== undefined && (await this.#finder.renew(before));
    // While it was looked at it may have been evicted, and its descriptors closed.
    if (isSame && this.#parts.cache.get(path) === before) return { kind: 'file', file: before };
    return this.#finder.find(filePath);
  }

  #answer(exchange: Exchange, finding: Finding): void {
    switch (finding.kind) {
      case 'file':
        answerWithFile(exchange, finding.file);
        break;
      case 'listing':
        answerWithListing(exchange, finding.folder);
        break;
      case 'redirect':
        this.#redirect(exchange);
        break;
      case 'missing':
        this.#answerMissing(exchange, 404);
        break;
      case 'unlisted':
        this.#answerMissing(exchange, 403);
        break;
      case 'forbidden':
        this.#parts.report(`${exchange.head.target} is not served: ${finding.why}`);
        this.#answerMissing(exchange, 403);
        break;
      case 'failed':
        this.#parts.report(`${exchange.head.target} cannot be served: ${finding.why}`);
        exchange.refuse(500);
        break;
    }
  }

  #answerMissing(exchange: Exchange, status: number, reason = ''): void {
    const { missing } = this.#options;
    if (missing !== null) exchange.refuse(missing === 404 ? status : missing, reason);
    else if (this.#parts.fallback === null) exchange.refuse(status, reason);
    else if (!exchange.isOver) this.#parts.fallback.handle(exchange);
  }

  /** Made of the names, not of the path as it came: `//elsewhere/` in a Location would be another host. */
  #redirect(exchange: Exchange): void {
    const { path, query } = exchange.head;
    const filePath = this.#filePathOf(path);
    if (filePath instanceof PathProblem) return;
    const names = filePath.names.map((name) => `/${encodeName(name)}`).join('');
    const start = this.#options.mapping === 'root' ? '' : this.prefix.encoded;
    const location = `${start}${names}/${query === '' ? '' : `?${query}`}`;
    const body = '301 Moved Permanently\n';
    const head = `301 Moved Permanently\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: ${body.length}\r\nLocation: ${location}\r\n`;
    exchange.respond(head, RESPONSE_FLAG.length, body);
  }

  /** Reads what is asked for again and again into memory. */
  #warm(path: string, found: FoundFile): void {
    for (const representation of found.representations) {
      const { file, size, identity } = representation;
      if (file === null || size > WARM_BYTES || this.#warming.has(representation)) continue;
      this.#warming.add(representation);
      file.retain();
      void readWhole(file.fd, identity).then((content) => {
        file.release();
        if (content !== null) this.#parts.cache.keepContent(path, found, representation, content);
      });
    }
  }
}
