// Kinds of the settings that are about the processes: how many, as whom, where.

import { isAbsolute, normalize, resolve } from 'node:path';
import { grantedCores } from './cores.ts';
import { integer, whenNumber } from './kinds.ts';
import type { Machine, ReadContext } from './machine.ts';
import { type Kind, ValueProblem } from './setting.ts';
import { listOfTexts, STRINGS } from './texts.ts';

const oneNumberOfWorkers = integer({ min: 1, example: 4 });

/** How many workers there may be; `min` and `max` are the same where it is a fixed number. */
export interface WorkerRange {
  readonly min: number;
  readonly max: number;
}

/** A number, a range `MIN..MAX`, or `auto` in place of a number: two for each core that is granted, and one to keep them busy. */
export const workerRange: Kind<WorkerRange> = {
  metavar: 'COUNT',
  schema: { type: ['integer', 'string'], minimum: 1 },
  parse(text, context) {
    const [first = '', second, ...more] = text.split('..');
    if (second === undefined) {
      if (/^\s*\d+\s*[-:,]\s*\d+\s*$/.test(text))
        throw new ValueProblem('not a number; a range is written as 2..8');
      const count = workerCount(first, context);
      return { min: count, max: count };
    }
    if (more.length > 0) throw new ValueProblem('not a range; give one such as 2..8');
    const min = endOfRange(first, context);
    const max = endOfRange(second, context);
    if (min > max) throw new ValueProblem(invertedRange(first.trim(), second.trim(), min, max), 'meaning');
    return { min, max };
  },
  fromFile(value) {
    const count = oneNumberOfWorkers.fromFile?.(value);
    return count === undefined ? undefined : { min: count, max: count };
  },
  show: ({ min, max }) => (min === max ? min : `${min}..${max}`),
};

function workerCount(text: string, context: ReadContext): number {
  if (text.trim().toLowerCase() === 'auto') return autoWorkers(context.machine);
  return oneNumberOfWorkers.parse(text, context);
}

function endOfRange(text: string, context: ReadContext): number {
  try {
    return workerCount(text, context);
  } catch (error) {
    if (!(error instanceof ValueProblem)) throw error;
    if (error.fault === 'meaning') throw new ValueProblem(`${text.trim()} in it ${error.message}`, 'meaning');
    const what = text.trim() === '' ? 'one end is missing' : `'${text.trim()}' is no whole number`;
    throw new ValueProblem(`${what}; give a range such as 2..8 or 1..auto`);
  }
}

function invertedRange(first: string, second: string, min: number, max: number): string {
  if (first === `${min}` && second === `${max}`) {
    return `the smaller number comes first: ${max}..${min}`;
  }
  return `auto is ${autoOf(first, min, max)} here, which makes it ${min}..${max}: the first must not be more than the second`;
}

const autoOf = (first: string, min: number, max: number): number =>
  first.toLowerCase() === 'auto' ? min : max;

const autoWorkers = (machine: Machine): number => 2 * grantedCores(machine) + 1;

/** A user id, by name or number. */
export const user: Kind<number> = accountKind('user', '/etc/passwd', 'USER');

/** A group id, by name or number. */
export const group: Kind<number> = accountKind('group', '/etc/group', 'GROUP');

function accountKind(what: string, path: string, metavar: string): Kind<number> {
  return {
    metavar,
    schema: { type: ['string', 'integer'], minimum: 0 },
    parse(text, { machine }) {
      const name = text.trim();
      if (/^\d+$/.test(name)) return Number(name);
      const line = (machine.readFile(path) ?? '').split('\n').find((entry) => entry.startsWith(`${name}:`));
      const id = line?.split(':')[2];
      if (name === '' || id === undefined) throw new ValueProblem(`no such ${what} in ${path}`, 'meaning');
      return Number(id);
    },
    fromFile: (value) => {
      const complaint = `no ${what}; give a name, or a number that is not negative`;
      return whenNumber(value, complaint, (id) => Number.isInteger(id) && id >= 0, asIs);
    },
    show: (id) => id,
  };
}

/**
 * A file mode mask as Gunicorn reads it: `022` and `0o22` are octal, `0x12` is hexadecimal, and `18`, without a leading zero,
 * is decimal.
 */
export const umask: Kind<number> = {
  metavar: 'INT',
  schema: { type: ['string', 'integer'], minimum: 0, maximum: 0o777 },
  parse(text) {
    const trimmed = text.trim();
    const value = Number(/^0\d+$/.test(trimmed) ? `0o${trimmed.slice(1)}` : trimmed);
    if (!/^(\d+|0o[0-7]+|0x[\da-f]+|0b[01]+)$/i.test(trimmed) || Number.isNaN(value)) {
      throw new ValueProblem('not a mode mask; give an octal number with a leading zero, such as 022');
    }
    return checkedMask(value);
  },
  fromFile: (value) =>
    whenNumber(value, 'not a mode mask; give one such as 0o022', Number.isInteger, checkedMask),
  show: (value) => (value === 0 ? '0' : `0o${value.toString(8)}`),
};

function checkedMask(value: number): number {
  if (value < 0 || value > 0o777) throw new ValueProblem('must be from 0 to 0777', 'meaning');
  return value;
}

/** An existing folder, made absolute. */
export const folder: Kind<string> = {
  metavar: 'DIR',
  parse(text, context) {
    const path = absolutePath(text, context);
    if (!context.machine.isFolder(path)) throw new ValueProblem('no such folder', 'meaning');
    return path;
  },
  show: (path) => path,
};

/** Folders, comma-separated. */
export const pythonPath: Kind<readonly string[]> = {
  metavar: 'DIR,DIR',
  schema: STRINGS,
  parse: (text) =>
    text
      .split(',')
      .map((path) => path.trim())
      .filter((path) => path !== ''),
  fromFile: listOfTexts('folders'),
  show: (paths) => paths,
};

/** Files, folders and patterns of files; may be given several times. */
export const filePatterns: Kind<readonly string[]> = {
  metavar: 'FILES',
  parse(text) {
    const path = text.trim();
    if (path === '') throw new ValueProblem('empty; give a file, a folder or a pattern');
    return [path];
  },
  show: (paths) => paths,
  combine: (earlier, later) => [...earlier, ...later],
};

/** KEY=VALUE; may be given several times. */
export const environmentPairs: Kind<readonly string[]> = {
  metavar: 'KEY=VALUE',
  parse(text) {
    const key = text.split('=', 1)[0] as string;
    if (key === '' || key === text) throw new ValueProblem('no variable with a value; give KEY=VALUE');
    if (text.includes('\0')) throw new ValueProblem('holds a NUL byte, which no environment variable can');
    return [text];
  },
  show: (pairs) => pairs,
  combine: (earlier, later) => [...earlier, ...later],
};

/** The interpreter: a path, made absolute, or a name to look up on PATH. */
export const interpreter: Kind<string> = {
  metavar: 'PATH',
  parse(text, context) {
    const path = text.trim();
    if (path === '') throw new ValueProblem('empty; give a path, or a name such as python3.12');
    return path.includes('/') ? absolutePath(path, context) : path;
  },
  show: (path) => path,
};

const asIs = (value: number): number => value;

function absolutePath(text: string, context: ReadContext): string {
  const path = text.trim();
  return isAbsolute(path) ? normalize(path) : resolve(context.cwd, path);
}
