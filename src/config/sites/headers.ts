// Fields of responses that a site or a route adds and removes.

import type { HeaderSpec } from '../../protocol/supervision/site.ts';
import { type FileValue, ValueProblem } from '../setting.ts';
import { texts } from '../toml/table-reader.ts';
import { STRING } from './schemas.ts';
import { template } from './template.ts';
import { truth } from './values.ts';

const WITH_OPTIONS = {
  type: 'object',
  additionalProperties: false,
  required: ['value'],
  properties: {
    value: { ...STRING, description: 'With $variables.' },
    errors: { type: 'boolean', description: 'Whether errors get it, too.' },
  },
};

export const ADD_HEADERS_SCHEMA = {
  description: 'Fields that responses get, by their names; with $variables.',
  type: 'object',
  additionalProperties: {
    anyOf: [STRING, WITH_OPTIONS, { type: 'array', items: { anyOf: [STRING, WITH_OPTIONS] } }],
  },
};

/** These say where a message ends, which is not theirs to say. */
const FRAMING = new Set(['connection', 'content-length', 'keep-alive', 'te', 'transfer-encoding', 'upgrade']);
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is refused
const CONTROL = /[\x00-\x1f\x7f]/;

export function addHeaders(value: FileValue): readonly HeaderSpec[] {
  if (!isTable(value)) throw new ValueProblem('not a table such as { X-Frame-Options = "DENY" }');
  return Object.entries(value).flatMap(([name, given]) => {
    const list = Array.isArray(given) ? given : [given];
    return list.map((each: FileValue) => addition(fieldName(name), each));
  });
}

function addition(name: string, given: FileValue): HeaderSpec {
  if (!isTable(given)) return { name, value: fieldValue(name, given), onErrors: false };
  const { value, errors, ...others } = given;
  const [other] = Object.keys(others);
  if (other !== undefined) throw new ValueProblem(`${name} has ${other}, which is none of value and errors`);
  if (value === undefined) throw new ValueProblem(`${name} has no value`);
  return { name, value: fieldValue(name, value), onErrors: errors === undefined ? false : truth(errors) };
}

export function removeHeaders(value: FileValue): readonly string[] {
  return texts(value).map((name) => fieldName(name).toLowerCase());
}

/** Of a response. */
function fieldName(name: string): string {
  if (!TOKEN.test(name)) throw new ValueProblem(`'${name}' is no name of a field`);
  if (FRAMING.has(name.toLowerCase())) {
    throw new ValueProblem(`${name} is Kirin's own: it says where a response ends`);
  }
  return name;
}

/** A template of a field's value. */
function fieldValue(name: string, value: FileValue): string {
  const written = template(value);
  if (CONTROL.test(written)) throw new ValueProblem(`the value of ${name} holds a control character`);
  return written;
}

function isTable(value: FileValue): value is Readonly<Record<string, FileValue>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
