// The files of tests/fixtures/http1. Each line is one of
//   # why
//   @ {limits that differ from Gunicorn's, as JSON}
//   ~ {what is taken leniently, as JSON}
//   > bytes as latin-1; \r \n \t \\ and \xNN are escapes, and \{TEXT*COUNT} repeats
//   = {what is expected, as JSON}: in accept/ one line for each message, in refuse/ the error

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Leniency } from '../../../../src/protocol/http1/leniency.ts';
import type { HttpLimits } from '../../../../src/protocol/http1/limits.ts';
import { fixture } from '../../../support/project.ts';

export interface FixtureFile {
  /** The behaviour: the file's name without dashes. */
  readonly name: string;
  readonly bytes: Buffer;
  readonly limits: HttpLimits;
  readonly leniency: Leniency | null;
  readonly expected: readonly Readonly<Record<string, unknown>>[];
}

export const GUNICORN_LIMITS: HttpLimits = {
  maxRequestLineBytes: 4094,
  maxFields: 100,
  maxFieldBytes: 8190,
  maxBodyBytes: 0,
};

const NOT_LENIENT: Leniency = {
  stripsHeaderSpaces: false,
  unfoldsLines: false,
  takesAnyMethod: false,
  foldsMethodCase: false,
  takesAnyMinor: false,
  guardedNames: new Set(),
};

function leniency(changes: Partial<Leniency>): Leniency {
  return { ...NOT_LENIENT, ...changes };
}

/** Everything that can be asked for. */
export const LENIENT: Leniency = leniency({
  stripsHeaderSpaces: true,
  unfoldsLines: true,
  takesAnyMethod: true,
  foldsMethodCase: true,
  takesAnyMinor: true,
});

export function fixtureFiles(kind: 'accept' | 'refuse'): FixtureFile[] {
  const folder = fixture('http1', kind);
  return readdirSync(folder)
    .sort()
    .map((file) => parse(file, readFileSync(join(folder, file), 'latin1')));
}

function parse(file: string, text: string): FixtureFile {
  const marked = (mark: string) =>
    text
      .split('\n')
      .filter((line) => line.startsWith(`${mark} `))
      .map((line) => line.slice(2));
  return {
    name: file.replace(/\.http$/, '').replaceAll('-', ' '),
    bytes: Buffer.from(unescaped(marked('>').join('')), 'latin1'),
    limits: Object.assign({}, GUNICORN_LIMITS, ...marked('@').map((line) => JSON.parse(line))),
    leniency: parseLeniency(marked('~').join('')),
    expected: marked('=').map((line) => JSON.parse(line)),
  };
}

function parseLeniency(json: string): Leniency | null {
  if (json === '') return null;
  const { guardedNames = [], ...switches } = JSON.parse(json);
  return leniency({ ...switches, guardedNames: new Set(guardedNames) });
}

const ESCAPE = /\\(?:x([0-9a-f]{2})|\{(.*?)\*(\d+)\}|(.))/g;
const CHARACTERS: Readonly<Record<string, string>> = { r: '\r', n: '\n', t: '\t', '\\': '\\' };

export function unescaped(text: string): string {
  return text.replace(ESCAPE, (whole, hex, repeated, count, letter) => {
    if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16));
    if (repeated !== undefined) return unescaped(repeated).repeat(Number(count));
    const character = CHARACTERS[letter];
    if (character === undefined) throw new Error(`unknown escape ${whole}`);
    return character;
  });
}
