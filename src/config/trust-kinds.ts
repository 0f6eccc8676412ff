// Kinds of the settings that say what is believed of a proxy.

import { optionalText } from './kinds.ts';
import { type Kind, PythonObject, ValueProblem } from './setting.ts';
import { listOfTexts, STRINGS } from './texts.ts';

const FIELD_NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** Names of header fields, comma-separated; `*` is every one. */
export const fieldNames: Kind<readonly string[]> = {
  metavar: 'NAMES',
  schema: STRINGS,
  parse(text) {
    const names = text
      .split(',')
      .map((name) => name.trim().toUpperCase())
      .filter((name) => name !== '');
    for (const name of names) checkFieldName(name);
    return names;
  },
  fromFile(value) {
    const names = value === null ? [] : listOfTexts('names')(value)?.map((name) => name.trim().toUpperCase());
    for (const name of names ?? []) checkFieldName(name);
    return names;
  },
  show: (names) => names,
};

/** The name of a header field that has addresses. */
export const addressField: Kind<string | null> = {
  ...optionalText,
  metavar: 'NAME',
  parse(text) {
    const name = text.trim();
    if (name === '') return null;
    checkFieldName(name);
    if (name.toLowerCase() !== 'forwarded') return name;
    throw new ValueProblem('the Forwarded header is not read; have the proxy send X-Forwarded-For');
  },
};

/** Names of header fields and a value for each, as a JSON object. */
export const fieldValues: Kind<readonly (readonly [name: string, value: string])[]> = {
  metavar: 'JSON',
  schema: { type: 'object', additionalProperties: { type: 'string' } },
  parse: (text) => checkedPairs(parseObject(text)),
  fromFile(value) {
    if (value === null) return undefined;
    if (typeof value !== 'object' || value instanceof PythonObject || Array.isArray(value)) {
      throw new ValueProblem('not a dict; give one such as {"X-FORWARDED-PROTO": "https"}');
    }
    return checkedPairs(value);
  },
  show: (pairs) => JSON.stringify(Object.fromEntries(pairs)),
};

function checkedPairs(object: object): (readonly [name: string, value: string])[] {
  const pairs = Object.entries(object).map(([name, value]): [string, string] => {
    checkFieldName(name);
    if (typeof value !== 'string') throw new ValueProblem(`the value of '${name}' is not a string`);
    return [name.toUpperCase(), value.trim()];
  });
  const twice = pairs.find(([name], index) => pairs.findIndex(([other]) => other === name) !== index);
  if (twice !== undefined) throw new ValueProblem(`'${twice[0]}' is given twice`);
  return pairs;
}

function checkFieldName(name: string): void {
  if (!FIELD_NAME.test(name)) {
    throw new ValueProblem(`'${name}' is no name of a header; give one such as X-Forwarded-Proto`);
  }
}

function parseObject(text: string): object {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = null;
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  throw new ValueProblem('not a JSON object; give one such as {"X-Forwarded-Proto": "https"}');
}

type ProxyMode = 'off' | 'v1' | 'v2' | 'auto';

const PROXY_MODES: ReadonlyMap<string, ProxyMode> = new Map([
  ['off', 'off'],
  ['false', 'off'],
  ['none', 'off'],
  ['0', 'off'],
  ['v1', 'v1'],
  ['v2', 'v2'],
  ['auto', 'auto'],
  ['true', 'auto'],
  ['1', 'auto'],
]);

/** Versions of the PROXY protocol, or, as it was once in Gunicorn, whether it is spoken. */
export const proxyMode: Kind<ProxyMode> = {
  metavar: 'MODE',
  schema: { enum: ['off', 'v1', 'v2', 'auto'] },
  // Gunicorn takes any word there, also the application. `v3` is a slip.
  bare: { value: 'auto', isValue: (word) => PROXY_MODES.has(word.toLowerCase()) || /^v\d+$/i.test(word) },
  parse(text) {
    const mode = PROXY_MODES.get(text.trim().toLowerCase());
    if (mode === undefined) throw new ValueProblem('not one of off, v1, v2, auto');
    return mode;
  },
  fromFile(value) {
    if (value === null) return undefined;
    if (typeof value === 'boolean') return value ? 'auto' : 'off';
    throw new ValueProblem('not one of off, v1, v2, auto');
  },
  show: (mode) => mode,
};
