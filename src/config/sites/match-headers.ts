// `match_headers` of a route.

import type { FieldMatch } from '../../protocol/supervision/site.ts';
import { type FileValue, ValueProblem } from '../setting.ts';
import { text } from '../toml/table-reader.ts';
import { STRING } from './schemas.ts';

export const MATCH_HEADERS_SCHEMA = {
  description: 'Fields of the request: the text that one is, true if it has to be there, or a pattern.',
  type: 'object',
  additionalProperties: {
    anyOf: [
      STRING,
      { type: 'boolean' },
      { type: 'object', additionalProperties: false, required: ['pattern'], properties: { pattern: STRING } },
    ],
  },
};

const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

export function matchHeaders(value: FileValue): readonly FieldMatch[] {
  if (!isTable(value)) throw new ValueProblem('not a table such as { Upgrade = "websocket" }');
  return Object.entries(value).map(([written, given]) => {
    if (!TOKEN.test(written)) throw new ValueProblem(`'${written}' is no name of a field`);
    return fieldMatch(written, written.toLowerCase(), given);
  });
}

function fieldMatch(written: string, name: string, given: FileValue): FieldMatch {
  if (typeof given === 'string') return { kind: 'is', name, value: given };
  if (typeof given === 'boolean') return { kind: 'there', name, isThere: given };
  if (isTable(given)) {
    const { pattern: source, ...others } = given;
    if (source !== undefined && Object.keys(others).length === 0) {
      return { kind: 'pattern', name, source: pattern(source) };
    }
  }
  throw new ValueProblem(`${written}: give a text, true, false, or { pattern = "…" }`);
}

export function pattern(value: FileValue): string {
  const source = text(value);
  try {
    new RegExp(source, 'u');
  } catch (error) {
    throw new ValueProblem((error as Error).message);
  }
  return source;
}

function isTable(value: FileValue): value is Readonly<Record<string, FileValue>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
