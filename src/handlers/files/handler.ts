import { RESPONSE_FLAG } from '../../protocol/lane/frames.ts';
import type { Exchange, Handler } from '../exchange.ts';
import { answerWithFile } from './answer.ts';
import { type Candidate, Candidates, keyOf } from './candidates.ts';
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

interface Found {
  readonly finding: Finding;
  /** Where; null: nowhere, or where it was before. */
  readonly filePath: FilePath | null;
}

type Search = () => Promise<Found>;

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
  readonly #candidates: Candidates | null;
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
    this.#candidates = options.tries === null ? null : new Candidates(options.tries);
  }

  handle(exchange: Exchange): void {
    const isReading = readsOnly(exchange);
    // What is tried decides who answers, whatever the method.
    if (!isReading && (this.#candidates === null || this.#parts.fallback === null)) {
      if (this.#options.missing === null && this.#parts.fallback !== null)
        this.#parts.fallback.handle(exchange);
      else this.#refuseMethod(exchange);
      return;
    }
    const candidates = this.#candidates?.of(exchange) ?? null;
    const key = candidates === null ? exchange.head.path : keyOf(candidates);
    const found = this.#parts.cache.get(key);
    if (found !== undefined && isReading && exchange.receivedMs < found.freshUntilMs) {
      if (found.isUsed) this.#warm(key, found);
      found.isUsed = true;
      answerWithFile(exchange, found);
      return;
    }
    const waiting = this.#waiting.get(key);
    if (waiting !== undefined) {
      waiting.push(exchange);
      return;
    }
    const search = candidates === null ? this.#searchOf(exchange.head.path) : this.#triesOf(candidates);
    if (search instanceof PathProblem) {
      this.#answerMissing(exchange, 400, search.reason);
      return;
    }
    this.#waiting.set(key, [exchange]);
    void this.#lookUp(key, search, found);
  }

  #searchOf(path: string): Search | PathProblem {
    const filePath = this.#filePathOf(path);
    if (filePath instanceof PathProblem) return filePath;
    return async () => ({ finding: await this.#finder.find(filePath), filePath });
  }

  /** The first that is there; what may not be served is passed over, as what is not there. */
  #triesOf(candidates: readonly Candidate[]): Search {
    return async () => {
      for (const { path, wantsFolder } of candidates) {
        const filePath = this.#filePathOf(path);
        if (filePath instanceof PathProblem) continue;
        const finding = await this.#finder.findWanted(filePath, wantsFolder);
        if (finding.kind === 'forbidden') this.#parts.report(`${path} is not served: ${finding.why}`);
        else if (finding.kind !== 'missing') return { finding, filePath };
      }
      return { finding: { kind: 'missing' }, filePath: null };
    };
  }

  #filePathOf(path: string): FilePath | PathProblem {
    if (this.#options.mapping === 'root') return parseFilePath(path);
    // A path that is tried may be written as one within the folder.
    return parseFilePath(this.prefix.restOf(path) ?? (this.#candidates === null ? '' : path));
  }

  async #lookUp(key: string, search: Search, before: FoundFile | undefined): Promise<void> {
    const { cache } = this.#parts;
    const found = await this.#find(key, search, before).catch(
      (error: Error): Found => ({ finding: { kind: 'failed', why: error.message }, filePath: null }),
    );
    const waiting = this.#waiting.get(key) ?? [];
    this.#waiting.delete(key);
    for (const exchange of waiting) this.#answer(exchange, found);
    const { finding } = found;
    // Only now: what the cache holds, it may also let go at any time.
    if (finding.kind !== 'file') cache.delete(key);
    else if (finding.file !== before) cache.set(key, finding.file);
  }

  async #find(key: string, search: Search, before: FoundFile | undefined): Promise<Found> {
    const isSame = before !== undefined && (await this.#finder.renew(before));
    // While it was looked at it may have been evicted, and its descriptors closed.
    if (isSame && this.#parts.cache.get(key) === before) {
      return { finding: { kind: 'file', file: before }, filePath: null };
    }
    return search();
  }

  #answer(exchange: Exchange, { finding, filePath }: Found): void {
    if (!readsOnly(exchange) && finding.kind !== 'missing') {
      this.#refuseMethod(exchange);
      return;
    }
    switch (finding.kind) {
      case 'file':
        answerWithFile(exchange, finding.file);
        break;
      case 'listing':
        answerWithListing(exchange, finding.folder);
        break;
      case 'redirect':
        this.#redirect(exchange, filePath?.names ?? []);
        break;
      case 'missing':
        this.#answerMissing(exchange, 404);
        break;
      case 'unlisted':
        // A folder that was tried is there: nothing else is asked.
        if (this.#candidates === null) this.#answerMissing(exchange, 403);
        else exchange.refuse(403);
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

  #refuseMethod(exchange: Exchange): void {
    exchange.refuse(405, '', 'Allow: GET, HEAD\r\n');
  }

  #answerMissing(exchange: Exchange, status: number, reason = ''): void {
    const { missing } = this.#options;
    if (missing !== null) exchange.refuse(missing === 404 ? status : missing, reason);
    else if (this.#parts.fallback === null) exchange.refuse(status, reason);
    else if (!exchange.isOver) this.#parts.fallback.handle(exchange);
  }

  /** Made of the names, not of the path as it came: `//elsewhere/` in a Location would be another host. */
  #redirect(exchange: Exchange, folder: FilePath['names']): void {
    const { query } = exchange.head;
    const names = folder.map((name) => `/${encodeName(name)}`).join('');
    const start = this.#options.mapping === 'root' ? '' : this.prefix.encoded;
    const location = `${start}${names}/${query === '' ? '' : `?${query}`}`;
    const body = '301 Moved Permanently\n';
    const head = `301 Moved Permanently\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: ${body.length}\r\nLocation: ${location}\r\n`;
    exchange.respond(head, RESPONSE_FLAG.length, body);
  }

  /** Reads what is asked for again and again into memory. */
  #warm(key: string, found: FoundFile): void {
    for (const representation of found.representations) {
      const { file, size, identity } = representation;
      if (file === null || size > WARM_BYTES || this.#warming.has(representation)) continue;
      this.#warming.add(representation);
      file.retain();
      void readWhole(file.fd, identity).then((content) => {
        file.release();
        if (content !== null) this.#parts.cache.keepContent(key, found, representation, content);
      });
    }
  }
}

function readsOnly({ head: { method } }: Exchange): boolean {
  return method === 'GET' || method === 'HEAD';
}
