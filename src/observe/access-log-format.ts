// Formats in Gunicorn's words: text with atoms such as %(h)s and %({x-forwarded-for}i)s. Q and S are Kirin's own. A format is compiled once, into a
// function that asks a record only for what the format names.

import type { AccessRecord } from './access-record.ts';
import { localOffset, pad2 } from './local-time.ts';

type Part = (record: AccessRecord) => string;

/** What stands for a value that is not there, and for an atom that does not exist. */
const ABSENT = '-';

const ATOMS = {
  h: ({ remoteAddress }) => (remoteAddress === '' ? ABSENT : escaped(remoteAddress)),
  l: () => ABSENT,
  u: ({ authUser }) => (authUser ? escaped(authUser).replaceAll(' ', '\\x20') : ABSENT),
  t: endTime,
  r: ({ requestLine }) => escaped(requestLine),
  m: ({ method }) => escaped(method),
  U: ({ path }) => escaped(path),
  q: ({ query }) => escaped(query),
  H: ({ protocol }) => escaped(protocol),
  s: ({ status }) => String(status),
  B: ({ bodyBytes }) => String(bodyBytes),
  // Gunicorn's documentation has a dash for no bytes, and its log has 0.
  b: ({ bodyBytes }) => String(bodyBytes),
  f: ({ referer }) => optional(referer),
  a: ({ userAgent }) => optional(userAgent),
  T: ({ durationUs }) => String(Math.floor(durationUs / 1e6)),
  M: ({ durationUs }) => String(Math.floor(durationUs / 1e3)),
  D: ({ durationUs }) => String(Math.floor(durationUs)),
  L: ({ durationUs }) => decimalSeconds(durationUs),
  Q: ({ queuedUs }) => microseconds(queuedUs),
  S: ({ serviceUs }) => microseconds(serviceUs),
  p: ({ workerPid }) => (workerPid === null ? ABSENT : `<${workerPid}>`),
} as const satisfies Record<string, Part>;

// Python's %-formatting: %(name)s, and the conversions, widths and precisions that someone might have written.
const ATOM = /%%|%\(([^)]*)\)([-#0 +]*)(\d*)(?:\.(\d+))?[a-zA-Z]/g;

/** Compiles a format to a function from a record to its line, without the line's end. */
export function compileAccessLogFormat(format: string): (record: AccessRecord) => string {
  const parts = parseFormat(format);
  return (record) => {
    let line = '';
    for (const part of parts) line += typeof part === 'string' ? part : part(record);
    return line;
  };
}

function parseFormat(format: string): (string | Part)[] {
  const parts: (string | Part)[] = [];
  let literal = '';
  let end = 0;
  for (const match of format.matchAll(ATOM)) {
    literal += format.slice(end, match.index);
    end = match.index + match[0].length;
    const [whole, name = '', flags = '', width, precision] = match;
    const part = whole === '%%' ? '%' : sized(atom(name), flags.includes('-'), Number(width), precision);
    if (typeof part === 'string') {
      literal += part;
      continue;
    }
    parts.push(literal, part);
    literal = '';
  }
  parts.push(literal + format.slice(end));
  // A line feed within the format would make one exchange look like several.
  return parts
    .filter((part) => part !== '')
    .map((part) => (typeof part === 'string' ? part.replace(/[\r\n]/g, ' ') : part));
}

/** A lone backslash at the end would escape what comes behind it. */
const withoutHalfEscape = (text: string): string =>
  (/\\*$/.exec(text)?.[0].length ?? 0) % 2 === 1 ? text.slice(0, -1) : text;

/** `%(s)8s`, `%(s)-8s`, `%(a).100s`: padded to a width, cut to a length. */
function sized(
  part: Part | string,
  isLeft: boolean,
  width: number,
  precision: string | undefined,
): Part | string {
  if (width === 0 && precision === undefined) return part;
  const most = precision === undefined ? Number.POSITIVE_INFINITY : Number(precision);
  const fit = (value: string): string => {
    const cut = value.length > most ? withoutHalfEscape(value.slice(0, most)) : value;
    return isLeft ? cut.padEnd(width) : cut.padStart(width);
  };
  return typeof part === 'string' ? fit(part) : (record) => fit(part(record));
}

function atom(name: string): Part | string {
  const field = /^\{(.*)\}([ioe])$/s.exec(name);
  if (field === null) return Object.hasOwn(ATOMS, name) ? ATOMS[name as keyof typeof ATOMS] : ABSENT;
  const [, key = '', origin] = field;
  const lowerCaseKey = key.toLowerCase();
  if (origin === 'i') return (record) => optional(record.requestField(lowerCaseKey));
  if (origin === 'o') return (record) => optional(record.responseField(lowerCaseKey));
  return (record) => optional(record.environ(key));
}

const optional = (value: string | null): string => (value === null ? ABSENT : escaped(value));

// Everything but printable ASCII, and the two characters that quoting and escaping are made of.
const UNSAFE = /[^\x20-\x21\x23-\x5b\x5d-\x7e]/;
const EVERY_UNSAFE = /[^\x20-\x21\x23-\x5b\x5d-\x7e]/g;

/**
 * What a client sent, so written that it can neither end its quotes or its line, nor reach a terminal as a control sequence.
 * Gunicorn escapes the quote alone, and not the backslash: there a value `\"` ends the quotes.
 */
export function escaped(value: string): string {
  return UNSAFE.test(value) ? value.replace(EVERY_UNSAFE, escapeCharacter) : value;
}

function escapeCharacter(character: string): string {
  if (character === '"' || character === '\\') return `\\${character}`;
  const code = character.charCodeAt(0);
  // Field values are latin-1, a byte each; only a decoded user name can hold more.
  return code <= 0xff ? `\\x${hex(code, 2)}` : `\\u${hex(code, 4)}`;
}

const hex = (code: number, digits: number): string => code.toString(16).toUpperCase().padStart(digits, '0');

const microseconds = (value: number | null): string => (value === null ? ABSENT : String(Math.floor(value)));

function decimalSeconds(durationUs: number): string {
  const wholeUs = Math.floor(durationUs);
  const seconds = Math.floor(wholeUs / 1e6);
  return `${seconds}.${String(wholeUs - seconds * 1e6).padStart(6, '0')}`;
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

let cachedSecond = Number.NaN;
let cachedTime = '';

/** When the response ended, as in Gunicorn, so that a log's lines are in order: `[21/Nov/2026:11:10:00 +0000]`. */
function endTime({ startedAtMs, durationUs }: AccessRecord): string {
  const second = Math.floor((startedAtMs + durationUs / 1e3) / 1e3);
  if (second !== cachedSecond) {
    cachedSecond = second;
    cachedTime = commonLogTime(new Date(second * 1e3));
  }
  return cachedTime;
}

function commonLogTime(at: Date): string {
  const date = `${pad2(at.getDate())}/${MONTHS[at.getMonth()]}/${at.getFullYear()}`;
  const time = `${pad2(at.getHours())}:${pad2(at.getMinutes())}:${pad2(at.getSeconds())}`;
  return `[${date}:${time} ${localOffset(at)}]`;
}

/** Every atom, and every field of request and response, not escaped: numbers where Gunicorn has such. */
export function atomsOf(record: AccessRecord): Record<string, string | number> {
  const { durationUs } = record;
  const wholeUs = Math.floor(durationUs);
  const atoms: Record<string, string | number> = {
    h: record.remoteAddress || ABSENT,
    l: ABSENT,
    u: record.authUser ?? ABSENT,
    t: endTime(record),
    r: record.requestLine,
    m: record.method,
    U: record.path,
    q: record.query,
    H: record.protocol,
    s: String(record.status),
    B: record.bodyBytes,
    b: String(record.bodyBytes),
    f: record.referer ?? ABSENT,
    a: record.userAgent ?? ABSENT,
    T: Math.floor(wholeUs / 1e6),
    M: Math.floor(wholeUs / 1e3),
    D: wholeUs,
    L: decimalSeconds(durationUs),
    Q: microseconds(record.queuedUs),
    S: microseconds(record.serviceUs),
    p: record.workerPid === null ? ABSENT : `<${record.workerPid}>`,
  };
  for (const [name, value] of record.requestFields()) atoms[`{${name}}i`] = value;
  for (const [name, value] of record.responseFields()) atoms[`{${name}}o`] = value;
  return atoms;
}
