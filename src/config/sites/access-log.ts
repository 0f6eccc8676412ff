// `access_log` of a site or a route: a file, a table with a format, or false.

import { resolve } from 'node:path';
import { nearest } from '../../base/edit-distance.ts';
import {
  type AccessLogSpec,
  hasAtoms,
  LOG_VARIABLES,
  parseLogFormat,
} from '../../protocol/supervision/access-log.ts';
import { type FileValue, ValueProblem } from '../setting.ts';
import { TableReader, type TomlContext, text } from '../toml/table-reader.ts';
import { STRING } from './schemas.ts';

const PROPERTIES = {
  file: { ...STRING, description: 'A file, or - for standard output.' },
  format: { ...STRING, description: 'combined, json, or a text with $variables or %(atoms)s.' },
};

export const ACCESS_LOG_SCHEMA = {
  description: 'A file for the lines of these requests, a table with file and format, or false.',
  anyOf: [STRING, { enum: [false] }, { type: 'object', additionalProperties: false, properties: PROPERTIES }],
};

const DEFAULT_FORMAT = 'combined';

export function accessLog(reader: TableReader, context: TomlContext): AccessLogSpec | 'off' | undefined {
  const node = reader.entry('access_log')?.node;
  if (node?.kind !== 'table') {
    return reader.read('access_log', (value) =>
      value === false ? 'off' : { file: file(value, context), format: DEFAULT_FORMAT },
    );
  }
  const inner = new TableReader(node, 'access_log', Object.keys(PROPERTIES), context);
  if (inner.present('file').length === 0) inner.note(node.place, 'an access_log needs a file');
  const target = inner.read('file', (value) => file(value, context));
  const form = inner.read('format', format) ?? DEFAULT_FORMAT;
  return target === undefined ? undefined : { file: target, format: form };
}

function file(value: FileValue, { folder }: TomlContext): string {
  if (typeof value !== 'string' || value === '') {
    throw new ValueProblem('give a file, a table with file and format, or false');
  }
  return value === '-' ? value : resolve(folder, value);
}

function format(value: FileValue): string {
  const written = text(value);
  if (written === 'combined' || written === 'json' || hasAtoms(written)) return written;
  const parts = parseLogFormat(written);
  for (const part of parts) {
    if (part.kind !== 'unknown') continue;
    const meant = nearest(part.name, LOG_VARIABLES);
    const hint =
      meant === null
        ? `there are ${LOG_VARIABLES.map((each) => `$${each}`).join(', ')}, $http_NAME and $sent_http_NAME`
        : `did you mean $${meant}?`;
    throw new ValueProblem(`a log has no $${part.name}; ${hint}`);
  }
  if (parts.every(({ kind }) => kind === 'text')) {
    throw new ValueProblem('not combined, json, or a text with $variables or %(atoms)s');
  }
  return written;
}
