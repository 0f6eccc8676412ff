// `[[sites.routes]]`: which requests it is for, who may send them, and what it does.

import type { PathMatch, RouteAction, RouteOptions, RouteSpec } from '../../protocol/supervision/site.ts';
import { type FileValue, ValueProblem } from '../setting.ts';
import { integerFrom, TableReader, type TomlContext, text, texts } from '../toml/table-reader.ts';
import type { Place, TomlTable } from '../toml/toml-node.ts';
import { ACTIONS } from './actions.ts';
import { routeName } from './inside.ts';
import { MATCH_HEADERS_SCHEMA, matchHeaders, pattern } from './match-headers.ts';
import { ROUTE_OPTIONS, readOptions } from './options.ts';
import { keysOf, propertiesOf } from './part.ts';
import { STRING, STRINGS } from './schemas.ts';
import { truth } from './values.ts';

export interface PlacedRoute {
  readonly route: RouteSpec;
  readonly place: Place;
  /** Nothing in it was wrong. */
  readonly isRight: boolean;
}

const PATHS = {
  path: {
    ...STRING,
    description: 'Paths below this one, and itself; with a slash at its end only those below.',
  },
  exact: { ...STRING, description: 'This path alone.' },
  pattern: { ...STRING, description: 'A regular expression for the decoded path.' },
};
const MATCHES = {
  ...PATHS,
  ignore_case: {
    type: 'boolean',
    description: 'Whether the pattern takes capitals and small letters alike.',
  },
  methods: { ...STRINGS, description: 'Methods, in capitals; every one without this.' },
  scheme: { enum: ['http', 'https'], description: 'By which clients come; both without this.' },
  port: { type: 'integer', minimum: 1, maximum: 65535, description: 'That clients connect to.' },
  match_headers: MATCH_HEADERS_SCHEMA,
};
const IDENTITY = {
  name: { ...STRING, description: 'By which others send requests to this route: @NAME.' },
  internal: { type: 'boolean', description: 'Whether only what is sent to it inside of Kirin is answered.' },
};
const PARTS = [...ACTIONS, ...ROUTE_OPTIONS];
const KEYS = [...Object.keys(IDENTITY), ...Object.keys(MATCHES), ...keysOf(PARTS)];

export const ROUTE_SCHEMA = {
  type: 'object',
  additionalProperties: false,
  properties: { ...IDENTITY, ...MATCHES, ...propertiesOf(PARTS) },
};

const METHOD = /^[A-Z][A-Z-]*$/;

/** `inherited`: what the site says for all of its routes. */
export function readRoute(table: TomlTable, inherited: RouteOptions, context: TomlContext): PlacedRoute {
  const problemsBefore = context.problems.length;
  const reader = new TableReader(table, 'a route', KEYS, context);
  const methods = reader.read('methods', (value) => texts(value).map(method));
  const path = readPath(reader, table.place);
  const name = reader.read('name', (value) => routeName(text(value))) ?? null;
  const internal = reader.read('internal', truth) ?? false;
  if (internal && path.kind === 'any' && name === null) {
    reader.note(table.place, 'nothing leads to an internal route that has neither a name nor a path');
  }
  const route: RouteSpec = {
    ...readOptions(reader, inherited, context),
    name,
    internal,
    path,
    fields: reader.read('match_headers', matchHeaders) ?? [],
    methods: methods ?? null,
    scheme: reader.read('scheme', scheme) ?? null,
    port: reader.read('port', integerFrom(1, 65_535)) ?? null,
    action: readAction(reader, table.place, context),
  };
  return { route, place: table.place, isRight: context.problems.length === problemsBefore };
}

function readPath(reader: TableReader, place: Place): PathMatch {
  const given = reader.present(...Object.keys(PATHS));
  if (given.length > 1) reader.note(place, `a route has one of ${given.join(' and ')}`);
  const prefix = reader.read('path', pathText);
  const exact = reader.read('exact', pathText);
  const source = reader.read('pattern', pattern);
  const ignoresCase = reader.read('ignore_case', truth);
  if (ignoresCase !== undefined && !given.includes('pattern'))
    reader.note(place, 'ignore_case belongs to pattern');
  if (source !== undefined) return { kind: 'pattern', source, ignoresCase: ignoresCase ?? false };
  if (exact !== undefined) return { kind: 'exact', path: exact };
  const below = prefix?.replace(/\/+$/, '') ?? '';
  return below === ''
    ? { kind: 'any' }
    : { kind: 'prefix', path: below, isBelow: prefix?.endsWith('/') === true };
}

/** Without one, the application answers that does for the site. */
function readAction(reader: TableReader, table: Place, context: TomlContext): RouteAction {
  const given = ACTIONS.filter(({ key }) => reader.present(key).length > 0);
  if (given.length > 1) {
    reader.note(table, `a route does one thing; here it has ${given.map(({ key }) => key).join(' and ')}`);
  }
  for (const { key, companions } of ACTIONS) {
    if (given[0]?.key === key) continue;
    for (const companion of reader.present(...Object.keys(companions ?? {}))) {
      const { place } = reader.entry(companion) ?? { place: table };
      reader.note(place, `${companion} belongs to ${key}`);
    }
  }
  const read = ACTIONS.map((action) => action.read(reader, context));
  const action = read.find((each) => each !== undefined);
  if (action !== undefined) return action;
  const { names, fallback } = context.apps;
  if (fallback === null && given.length === 0) {
    reader.note(table, `say what this route does; if an application answers, which: ${names.join(', ')}`);
  }
  return { do: 'app', app: fallback };
}

function pathText(value: FileValue): string {
  const written = text(value);
  if (!written.startsWith('/')) throw new ValueProblem('a path begins with a slash');
  if (/[?#]/.test(written)) throw new ValueProblem('a path has no query and no fragment');
  if (/%[0-9A-Fa-f]{2}/.test(written)) {
    throw new ValueProblem(
      'write the path as people read it, not percent-encoded: requests are compared decoded',
    );
  }
  if (/\/\.{1,2}(\/|$)/.test(written))
    throw new ValueProblem('it has a segment of dots, which no request has');
  return written.replace(/\/{2,}/g, '/');
}

function scheme(value: FileValue): 'http' | 'https' {
  if (value === 'http' || value === 'https') return value;
  throw new ValueProblem('not "http" or "https"');
}

function method(name: string): string {
  if (METHOD.test(name)) return name;
  throw new ValueProblem(`'${name}' is no method; give one such as GET, in capitals`);
}
