// What a route does: one key of its table for each.

import type { RouteAction } from '../../protocol/supervision/site.ts';
import { type FileValue, ValueProblem } from '../setting.ts';
import { appFrom } from '../toml/read-apps.ts';
import { integerFrom, type TableReader, text } from '../toml/table-reader.ts';
import { FILES_SCHEMA, files } from './files.ts';
import type { Part } from './part.ts';
import { PROXY_SCHEMA, proxy } from './proxy.ts';
import { STATUS, STRING } from './schemas.ts';
import { template } from './template.ts';
import { truth } from './values.ts';

const REDIRECTS = [301, 302, 303, 307, 308];
const DEFAULT_REDIRECT = 308;
const TEXT = 'text/plain; charset=utf-8';
const aStatus = integerFrom(200, 599);

/** A route has one of these; without one, the application answers. */
export const ACTIONS: readonly Part<RouteAction>[] = [
  {
    key: 'app',
    schema: {
      oneOf: [{ const: true }, STRING],
      description: 'The application of this name answers, or the only one.',
    },
    read: (reader, { apps }) => {
      const app = reader.read('app', appFrom(apps));
      return app === undefined ? undefined : { do: 'app', app };
    },
  },
  {
    key: 'files',
    schema: FILES_SCHEMA,
    read: (reader, context) => {
      const spec = files(reader, context);
      return spec === null ? undefined : { do: 'files', ...spec };
    },
  },
  {
    key: 'rewrite',
    schema: {
      ...STRING,
      description: 'Another path, with $variables; the routes behind this one go on with it.',
    },
    companions: { again: { type: 'boolean', description: 'Whether all routes do, from the first on.' } },
    read: rewrite,
  },
  {
    key: 'proxy',
    schema: PROXY_SCHEMA,
    read: (reader, context) => {
      const spec = proxy(reader, context);
      return spec === null ? undefined : { do: 'proxy', ...spec };
    },
  },
  {
    key: 'redirect',
    schema: { ...STRING, description: 'Where to go: a URL, or a path, with $variables.' },
    companions: { status: { enum: REDIRECTS, description: 'Of the redirect.' } },
    read: redirect,
  },
  {
    key: 'respond',
    schema: {
      description: 'A status, a text, or both.',
      type: ['integer', 'string', 'object'],
      minimum: 200,
      maximum: 599,
      additionalProperties: false,
      properties: { status: STATUS, body: STRING, type: STRING },
    },
    read: (reader) => reader.read('respond', answer),
  },
];

/** `rewrite = "/new/$1"`, with or without `again`. */
function rewrite(reader: TableReader): RouteAction | undefined {
  const to = reader.read('rewrite', (value) => {
    const path = template(value);
    if (/^[/$]/.test(path)) return path;
    throw new ValueProblem('a path begins with a slash');
  });
  const again = reader.read('again', truth) ?? false;
  return to === undefined ? undefined : { do: 'rewrite', to, again };
}

/** `redirect = "https://$host$request_uri"`, with or without `status`. */
function redirect(reader: TableReader): RouteAction | undefined {
  const to = reader.read('redirect', target);
  const status = reader.read('status', redirectStatus) ?? DEFAULT_REDIRECT;
  return to === undefined ? undefined : { do: 'redirect', to, status };
}

function target(value: FileValue): string {
  const to = template(value);
  if (!/^(\/|https?:\/\/|\$)/.test(to)) {
    throw new ValueProblem('give a URL, such as https://$host$request_uri, or a path');
  }
  if (/[^\x21-\x7e]/.test(to)) {
    throw new ValueProblem('a URL has no spaces, and is percent-encoded');
  }
  return to;
}

function redirectStatus(value: FileValue): number {
  if (typeof value === 'number' && REDIRECTS.includes(value)) return value;
  throw new ValueProblem(`not one of ${REDIRECTS.join(', ')}`);
}

function answer(value: FileValue): RouteAction {
  if (typeof value === 'number') return { do: 'respond', status: aStatus(value), body: '', type: TEXT };
  if (typeof value === 'string') return { do: 'respond', status: 200, body: value, type: TEXT };
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new ValueProblem('give a status, a text, or a table with status, body and type');
  }
  const { status, body, type, ...others } = value as Readonly<Record<string, FileValue>>;
  const [other] = Object.keys(others);
  if (other !== undefined) throw new ValueProblem(`${other} is none of status, body and type`);
  return {
    do: 'respond',
    status: status === undefined ? 200 : aStatus(status),
    body: body === undefined ? '' : text(body),
    type: type === undefined ? TEXT : mediaType(type),
  };
}

function mediaType(value: FileValue): string {
  const type = text(value);
  if (/^[\w.+-]+\/[\w.+-]+(;[ \x21-\x7e]*)?$/.test(type)) return type;
  throw new ValueProblem(`'${type}' is no media type; give one such as application/json`);
}
