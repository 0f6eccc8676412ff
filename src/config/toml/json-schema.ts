// The JSON Schema of kirin.toml, which editors complete and check by. `kirin --schema` prints it.

import type { ValueSchema } from '../setting.ts';
import { OFFERED_SECTIONS, SETTINGS, type SettingName } from '../settings.ts';
import { isTomlSetting, tomlKeyOf } from './toml-settings.ts';

interface PropertySchema extends ValueSchema {
  readonly description: string;
}

export function jsonSchema(): object {
  const names = OFFERED_SECTIONS.flatMap((section) => section.names).filter(isTomlSetting);
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'kirin.toml',
    type: 'object',
    additionalProperties: false,
    properties: {
      ...Object.fromEntries(names.map((name) => [tomlKeyOf(name), propertyOf(name)])),
      sites: { description: 'What is answered for which host.', type: 'array', items: SITE },
    },
  };
}

const STRING = { type: 'string' };
const STRINGS = { type: ['string', 'array'], items: STRING };
const STATUS = { type: 'integer', minimum: 200, maximum: 599 };

const ROUTE = {
  type: 'object',
  additionalProperties: false,
  properties: {
    path: { ...STRING, description: 'Paths below this one, and itself.' },
    exact: { ...STRING, description: 'This path alone.' },
    pattern: { ...STRING, description: 'A regular expression for the decoded path.' },
    methods: { ...STRINGS, description: 'Methods, in capitals; every one without this.' },
    allow: { ...STRINGS, description: 'Addresses and networks that may; all others get 403.' },
    deny: { ...STRINGS, description: 'Addresses and networks that get 403.' },
    app: { enum: [true], description: 'The application answers.' },
    files: {
      description: 'A folder whose files are served, or a table that begins with one.',
      type: ['string', 'object'],
      additionalProperties: false,
      properties: {
        folder: { ...STRING, description: 'What follows the path is looked up in it.' },
        root: { ...STRING, description: 'The whole path is looked up in it.' },
        index: { ...STRINGS, description: 'What is served for a folder.' },
        listing: { type: 'boolean', description: 'Whether folders without an index are shown.' },
        missing: { enum: [403, 404, 410, 'next'], description: 'Where there is no file.' },
        expires: { type: ['integer', 'string'], description: 'Seconds, or 30d.' },
        cache_control: { ...STRING, description: 'The Cache-Control field.' },
        symlinks: { enum: ['off', 'inside', 'follow'] },
        dotfiles: { type: 'boolean' },
        precompressed: { type: 'boolean', description: 'Whether .br, .zst and .gz beside a file are used.' },
      },
    },
    redirect: {
      ...STRING,
      description: 'Where to go, with $scheme, $host, $path, $query, $request_uri, $1 to $9.',
    },
    status: { enum: [301, 302, 303, 307, 308], description: 'Of the redirect.' },
    respond: {
      description: 'A status, a text, or both.',
      type: ['integer', 'string', 'object'],
      minimum: 200,
      maximum: 599,
      additionalProperties: false,
      properties: { status: STATUS, body: STRING, type: STRING },
    },
  },
};

const SITE = {
  type: 'object',
  additionalProperties: false,
  properties: {
    hosts: { ...STRINGS, description: 'shop.example, *.shop.example; none: all that no other site names.' },
    routes: { description: 'The first that matches answers.', type: 'array', items: ROUTE },
  },
};

function propertyOf(name: SettingName): PropertySchema {
  const { help, detail, kind } = SETTINGS[name];
  const description = detail === undefined ? `${help}.` : `${help}. ${detail}`;
  const many: ValueSchema = { type: ['string', 'array'], items: { type: 'string' } };
  return { description, ...(kind.schema ?? (kind.combine === undefined ? { type: 'string' } : many)) };
}
