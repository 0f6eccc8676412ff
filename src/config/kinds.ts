import { nearest } from '../base/edit-distance.ts';
import { type FileValue, type Kind, ValueProblem } from './setting.ts';

/** Given without a value: present is true. */
export const flag: Kind<boolean> = {
  metavar: null,
  schema: { type: 'boolean' },
  parse(text) {
    const word = text.trim().toLowerCase();
    if (word === 'true') return true;
    if (word === 'false') return false;
    throw new ValueProblem('not true or false');
  },
  fromFile(value) {
    if (value === null || typeof value === 'boolean') return value ?? undefined;
    throw new ValueProblem('not true or false');
  },
  show: (value) => value,
};

/** A whole number, within bounds when they are given. */
export function integer(bounds: { min?: number; max?: number; example: number }): Kind<number> {
  const { min = 0, max = Number.MAX_SAFE_INTEGER, example } = bounds;
  const complaint = `not a whole number; give one such as ${example}`;
  const within = (value: number): number => {
    if (value < min) throw new ValueProblem(`must be ${min} or more`, 'meaning');
    if (value > max) throw new ValueProblem(`must be ${max} or less`, 'meaning');
    return value;
  };
  return {
    metavar: 'INT',
    schema: { type: 'integer', minimum: min, ...(bounds.max === undefined ? {} : { maximum: max }) },
    parse(text) {
      const trimmed = text.trim();
      // Python's int(), which Gunicorn's users know: sign, leading zeros and single underscores between digits.
      if (!/^[+-]?\d+(_\d+)*$/.test(trimmed)) throw new ValueProblem(complaint);
      return within(Number(trimmed.replaceAll('_', '')));
    },
    fromFile: (value) => whenNumber(value, complaint, Number.isInteger, within),
    show: (value) => value,
  };
}

/** A number of a configuration file; True and False are numbers in Python, and to Gunicorn. */
export function whenNumber(
  value: Exclude<FileValue, string>,
  complaint: string,
  isOne: (value: number) => boolean,
  check: (value: number) => number,
): number | undefined {
  if (value === null) return undefined;
  const number = typeof value === 'boolean' ? Number(value) : value;
  if (typeof number !== 'number' || !isOne(number)) throw new ValueProblem(complaint);
  return check(number);
}

// Node's timers hold 2^31 - 1 milliseconds, and fire at once beyond it.
const MAX_TIMER_SECONDS = 2_147_483;

/** A duration in seconds; fractions are welcome. */
export const seconds: Kind<number> = {
  metavar: 'SECONDS',
  schema: { type: 'number', minimum: 0 },
  parse(text) {
    const trimmed = text.trim();
    if (!/^[+-]?(\d+(\.\d*)?|\.\d+)$/.test(trimmed)) throw new ValueProblem(NO_SECONDS);
    return checkedSeconds(Number(trimmed));
  },
  fromFile: (value) => whenNumber(value, NO_SECONDS, Number.isFinite, checkedSeconds),
  show: (value) => value,
};

const NO_SECONDS = 'not a number of seconds; give one such as 30 or 0.5';

function checkedSeconds(value: number): number {
  if (value < 0) throw new ValueProblem('must be 0 or more seconds', 'meaning');
  if (value > MAX_TIMER_SECONDS) {
    throw new ValueProblem(`must be ${MAX_TIMER_SECONDS} seconds (24 days) or less`, 'meaning');
  }
  return value;
}

/** A duration that a timer can tell from none: 0, or a millisecond and more. */
export const wholeMilliseconds: Kind<number> = {
  ...seconds,
  parse: (text, context) => checkedMilliseconds(seconds.parse(text, context)),
  fromFile: (value) =>
    whenNumber(value, NO_SECONDS, Number.isFinite, (number) => checkedMilliseconds(checkedSeconds(number))),
};

function checkedMilliseconds(value: number): number {
  if (value > 0 && value < 0.001) throw new ValueProblem('must be 0, or 0.001 seconds or more', 'meaning');
  return value;
}

const BYTES_OF_SUFFIX: Readonly<Record<string, number>> = { '': 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30 };

/** A size in bytes, or with one of the suffixes K, M and G; at least `min`, unless it is 0. */
export function bytes(bounds: { min?: string; example: string }): Kind<number> {
  const { min = '0', example } = bounds;
  const complaint = `not a size; give bytes, or a number with K, M or G such as ${example}`;
  const within = (value: number): number => {
    if (value > Number.MAX_SAFE_INTEGER) throw new ValueProblem('must be less than 8388608G', 'meaning');
    if (value !== 0 && value < (parseSize(min) ?? 0)) {
      throw new ValueProblem(`${value} bytes; must be 0, or ${min} or more, such as ${example}`, 'meaning');
    }
    return value;
  };
  return {
    metavar: 'SIZE',
    schema: { type: ['integer', 'string'], minimum: 0 },
    parse(text) {
      const value = parseSize(text.trim());
      if (value === null) throw new ValueProblem(complaint);
      return within(value);
    },
    fromFile: (value) =>
      whenNumber(value, complaint, (number) => Number.isInteger(number) && number >= 0, within),
    show: (value) => value,
  };
}

function parseSize(text: string): number | null {
  const match = /^\+?(\d+(?:_\d+)*)([kmg]?)$/i.exec(text);
  if (match === null) return null;
  const [, digits = '', suffix = ''] = match;
  return Number(digits.replaceAll('_', '')) * (BYTES_OF_SUFFIX[suffix.toLowerCase()] as number);
}

/** Any text, trimmed as Gunicorn trims it. */
export function text(metavar = 'STRING'): Kind<string> {
  return { metavar, parse: (value) => value.trim(), show: (value) => value };
}

/** A text; an empty one is none. */
export const optionalText: Kind<string | null> = {
  metavar: 'STRING',
  parse: (value) => value.trim() || null,
  fromFile: noneOnly,
  show: (value) => value,
};

function noneOnly(value: Exclude<FileValue, string>): null | undefined {
  return value === null ? null : undefined;
}

/** A path; relative ones are relative to the working directory that `chdir` sets. */
export const file: Kind<string> = {
  metavar: 'FILE',
  parse(value) {
    const path = value.trim();
    if (path === '') throw new ValueProblem('empty; give the path of a file');
    return path;
  },
  show: (path) => path,
};

/** A path; an empty one, which scripts give when a variable is not set, is none. */
export const optionalFile: Kind<string | null> = {
  metavar: 'FILE',
  parse: optionalText.parse,
  fromFile: noneOnly,
  show: (path) => path,
};

/** One of a few words, in any case; some may have other spellings. */
export function choice<const W extends string>(
  words: readonly W[],
  metavar: string,
  spellings: Readonly<Record<string, W>> = {},
): Kind<W> {
  return {
    metavar,
    schema: { enum: words },
    parse(value) {
      const word = value.trim().toLowerCase();
      const known = words.find((candidate) => candidate === word) ?? spellings[word];
      if (known !== undefined) return known;
      const meant = nearest(word, words);
      const hint = meant === null ? '' : `; did you mean ${meant}?`;
      throw new ValueProblem(`not one of ${words.join(', ')}${hint}`);
    },
    show: (word) => word,
  };
}
