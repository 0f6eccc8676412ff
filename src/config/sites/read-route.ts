// `[[sites.routes]]`: which requests it is for, who may send them, and what it does.

import type { PathMatch, RouteAction, RouteSpec } from '../../protocol/supervision/site.ts';
import { addressList } from '../request-kinds.ts';
import { type FileValue, ValueProblem } from '../setting.ts';
import { TableReader, type TomlContext, text, texts } from '../toml/table-reader.ts';
import type { Place, TomlTable } from '../toml/toml-node.ts';
import { redirect, respond } from './actions.ts';
import { files } from './files.ts';

export interface PlacedRoute {
  readonly route: RouteSpec;
  readonly place: Place;
  /** Nothing in it was wrong. */
  readonly isRight: boolean;
}

const PATHS = ['path', 'exact', 'pattern'] as const;
const ACTIONS = ['app', 'files', 'redirect', 'respond'] as const;
const KEYS = [...PATHS, 'methods', 'allow', 'deny', ...ACTIONS, 'status'];

const METHOD = /^[A-Z][A-Z-]*$/;

export function readRoute(table: TomlTable, context: TomlContext): PlacedRoute {
  const problemsBefore = context.problems.length;
  const reader = new TableReader(table, 'a route', KEYS, context);
  const methods = reader.read('methods', (value) => texts(value).map(method));
  const allow = reader.read('allow', networks);
  const deny = reader.read('deny', networks);
  const route: RouteSpec = {
    path: readPath(reader, table.place),
    methods: methods ?? null,
    allow: allow ?? null,
    deny: deny ?? [],
    action: readAction(reader, table.place, context),
  };
  return { route, place: table.place, isRight: context.problems.length === problemsBefore };
}

function readPath(reader: TableReader, place: Place): PathMatch {
  const given = reader.present(...PATHS);
  if (given.length > 1) reader.note(place, `a route has one of ${given.join(' and ')}`);
  const prefix = reader.read('path', path);
  const exact = reader.read('exact', path);
  const source = reader.read('pattern', pattern);
  if (source !== undefined) return { kind: 'pattern', source };
  if (exact !== undefined) return { kind: 'exact', path: exact };
  const below = prefix?.replace(/\/+$/, '') ?? '';
  return below === '' ? { kind: 'any' } : { kind: 'prefix', path: below };
}

/** Without one, the application answers. */
function readAction(reader: TableReader, place: Place, context: TomlContext): RouteAction {
  const given = reader.present(...ACTIONS);
  if (given.length > 1) reader.note(place, `a route does one thing; here it has ${given.join(' and ')}`);
  const status = reader.entry('status');
  if (status !== undefined && given[0] !== 'redirect') {
    reader.note(status.place, 'status belongs to redirect; to answer with a status, write respond = STATUS');
  }
  reader.read('app', isTrue);
  const folder = files(reader, context);
  if (folder !== null) return { do: 'files', ...folder };
  return redirect(reader) ?? respond(reader) ?? { do: 'app' };
}

function isTrue(value: FileValue): true {
  if (value === true) return value;
  throw new ValueProblem('give true: the one application answers');
}

function path(value: FileValue): string {
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

function pattern(value: FileValue): string {
  const source = text(value);
  try {
    new RegExp(source, 'u');
  } catch (error) {
    throw new ValueProblem((error as Error).message);
  }
  return source;
}

function method(name: string): string {
  if (METHOD.test(name)) return name;
  throw new ValueProblem(`'${name}' is no method; give one such as GET, in capitals`);
}

function networks(value: FileValue): readonly string[] {
  const list = texts(value);
  return addressList.fromFile?.(list) ?? [];
}
