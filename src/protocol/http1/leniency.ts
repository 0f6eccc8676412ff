// What is taken, where that was asked for, though HTTP wants it refused. The rule: it has one reading here, and whoever else read the message
// agrees about where it ends, where it goes and who sent it. Fields that say that are therefore never read leniently, whatever was asked for: a proxy
// that overlooks "Transfer-Encoding : chunked" would take the body for a request, and one that overlooks "X-Forwarded-For : …" would let its client write it.

import { HttpError, quoted } from './errors.ts';
import { isBlank, parseFieldLine, trimmed } from './field-block.ts';

export interface Leniency {
  /** Whitespace before the colon of a field is left out. */
  readonly stripsHeaderSpaces: boolean;
  /** A line that begins with whitespace continues the field before it (RFC 9112 5.2). */
  readonly unfoldsLines: boolean;
  /** A method is any token. */
  readonly takesAnyMethod: boolean;
  /** A method is read in upper case. */
  readonly foldsMethodCase: boolean;
  /** HTTP/1.2 to 1.9 are read as 1.1 (RFC 9110 2.5). */
  readonly takesAnyMinor: boolean;
  /** More fields that are never read leniently, in lower case. */
  readonly guardedNames: ReadonlySet<string>;
}

/** Where the message ends and where it goes; then, who sent it. */
const GUARDED = new Set([
  'connection',
  'content-length',
  'expect',
  'host',
  'http2-settings',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'authorization',
  'cf-connecting-ip',
  'fastly-client-ip',
  'forwarded',
  'proxy-authorization',
  'remote-user',
  'true-client-ip',
  'x-client-ip',
  'x-cluster-client-ip',
  'x-real-ip',
]);
const GUARDED_PREFIX = 'x-forwarded-';

const NAME_AND_SPACE = /^([^:\t ]+)[\t ]+:/;
/** What a continuation would be to somebody who takes it for a field of its own. */
const NAME_OF_A_FIELD = /^([^:\t ]+)[\t ]*:/;

/** Reads the field lines of heads leniently, one head after another. */
export class LenientFields {
  readonly leniency: Leniency;
  readonly #maxFieldBytes: number;
  /** All lines of the last field, as they were sent. */
  #fieldBytes = 0;

  constructor(leniency: Leniency, maxFieldBytes: number) {
    this.leniency = leniency;
    this.#maxFieldBytes = maxFieldBytes;
  }

  /** Whether this line is more of the field before it. */
  continues(line: string): boolean {
    return this.leniency.unfoldsLines && isBlank(line.charCodeAt(0));
  }

  /** Does as parseFieldLine, or appends to the last of `values`. */
  parse(line: string, names: string[], values: string[]): HttpError | null {
    if (this.continues(line)) return this.#unfold(line, names, values);
    this.#fieldBytes = line.length + 2;
    return parseFieldLine(this.leniency.stripsHeaderSpaces ? this.#stripped(line) : line, names, values);
  }

  #stripped(line: string): string {
    const [whole = '', name = ''] = NAME_AND_SPACE.exec(line) ?? [];
    return name === '' || this.#isGuarded(name) ? line : `${name}:${line.slice(whole.length)}`;
  }

  #unfold(line: string, names: readonly string[], values: string[]): HttpError | null {
    const last = names.length - 1;
    const name = names[last];
    const text = trimmed(line, 0, line.length);
    const [, field] = NAME_OF_A_FIELD.exec(text) ?? [];
    const isDangerous =
      name === undefined ||
      this.#isGuarded(name) ||
      // Somebody's parser takes it for the end of the head.
      text === '' ||
      (field !== undefined && this.#isGuarded(field));
    if (isDangerous) return new HttpError('obsolete_folding', quoted(line));
    this.#fieldBytes += line.length + 2;
    if (this.#fieldBytes > this.#maxFieldBytes) {
      return new HttpError('field_too_large', `the field has more than ${this.#maxFieldBytes} bytes`);
    }
    // RFC 9112 5.2: to be replaced by a space.
    values[last] = values[last] === '' ? text : `${values[last]} ${text}`;
    return null;
  }

  #isGuarded(sent: string): boolean {
    const name = sent.toLowerCase();
    return (
      GUARDED.has(name) ||
      name.startsWith(GUARDED_PREFIX) ||
      // A proxy's own, as SCRIPT_NAME is.
      name.includes('_') ||
      this.leniency.guardedNames.has(name)
    );
  }
}
