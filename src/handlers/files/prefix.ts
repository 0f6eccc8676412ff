import { encodeName, PathProblem, parseFilePath } from './request-path.ts';

/** The part of the site's paths that a route is for: whole segments, however they are encoded. */
export class PathPrefix {
  /** As a client should write it, without a slash at its end. */
  readonly encoded: string;
  readonly #start: string;
  readonly #names: readonly string[];
  /** Clients may write it otherwise, without any percent sign. */
  readonly #isEncoded: boolean;

  /** @param path as the user wrote it, UTF-16 and not encoded: `/static`; '' or '/' is every path */
  constructor(path: string) {
    const names = Buffer.from(path, 'utf8')
      .toString('latin1')
      .split('/')
      .filter((name) => name !== '');
    this.#names = names;
    this.encoded = names.map((name) => `/${encodeName(name)}`).join('');
    this.#isEncoded = this.encoded.includes('%');
    this.#start = `${this.encoded}/`;
  }

  /** More segments first: `/static/admin` before `/static`. */
  get depth(): number {
    return this.#names.length;
  }

  /** What follows it in the path of a request: '' or text that begins with a slash. Null: it is another's. */
  restOf(path: string): string | null {
    if (path.startsWith(this.#start)) return path.slice(this.encoded.length);
    if (path === this.encoded) return '';
    return this.#isEncoded || path.includes('%') ? this.#restOfEncoded(path) : null;
  }

  /** `/%73tatic/a` is `/static/a` (RFC 9110 4.2.3). */
  #restOfEncoded(path: string): string | null {
    let at = 0;
    for (const name of this.#names) {
      if (path[at] !== '/') return null;
      const slash = path.indexOf('/', at + 1);
      const end = slash === -1 ? path.length : slash;
      const segment = parseFilePath(path.slice(at + 1, end));
      if (segment instanceof PathProblem || segment.names[0] !== name) return null;
      at = end;
    }
    return path.slice(at);
  }
}
