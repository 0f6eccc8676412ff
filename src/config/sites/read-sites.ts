// `[[sites]]` of a kirin.toml.

import { domainToASCII } from 'node:url';
import type { RouteOptions, RouteSpec, SiteSpec } from '../../protocol/supervision/site.ts';
import { ValueProblem } from '../setting.ts';
import { known } from '../toml/read-apps.ts';
import { TableReader, type TomlContext, texts } from '../toml/table-reader.ts';
import { placeIn, type TomlTable } from '../toml/toml-node.ts';
import { NO_OPTIONS, ROUTE_OPTIONS, readOptions } from './options.ts';
import { keysOf, propertiesOf } from './part.ts';
import { type PlacedRoute, ROUTE_SCHEMA, readRoute } from './read-route.ts';
import { noteNames } from './route-names.ts';
import { STRING, STRINGS } from './schemas.ts';
import { whoTakesAll } from './shadowing.ts';
import { readTls, TLS_SCHEMA } from './tls.ts';

const HOST = /^(\*\.)?[a-z0-9_-]+(\.[a-z0-9_-]+)*$/;
const ADDRESS_WITH_PORT = /:\d+$/;

const HOSTS = {
  ...STRINGS,
  description: 'shop.example, *.shop.example; none: all that no other site names.',
};
const KEYS = ['hosts', 'app', 'tls', 'routes', ...keysOf(ROUTE_OPTIONS)];

export const SITE_SCHEMA = {
  type: 'object',
  additionalProperties: false,
  properties: {
    hosts: HOSTS,
    app: { ...STRING, description: 'The application that answers what no route says anything else about.' },
    tls: TLS_SCHEMA,
    routes: { description: 'The first that matches answers.', type: 'array', items: ROUTE_SCHEMA },
    ...propertiesOf(ROUTE_OPTIONS),
  },
};

/** `top`: the file's own table. */
export function readSites(top: TableReader, context: TomlContext): readonly SiteSpec[] {
  const owners = new Map<string, string>();
  return top.tables('sites').map((table) => readSite(table, owners, context));
}

/** `owners`: where each host, or '' for all others, has been given to a site. */
function readSite(table: TomlTable, owners: Map<string, string>, whole: TomlContext): SiteSpec {
  const reader = new TableReader(table, 'a site', KEYS, whole);
  const { names: apps, fallback } = whole.apps;
  const app = reader.read('app', (value) => known(value, apps)) ?? fallback;
  const context = { ...whole, apps: { names: apps, fallback: app } };
  const place = reader.entry('hosts')?.place ?? table.place;
  const hosts = reader.read('hosts', (value) => texts(value).map(host));
  const isWrong = hosts === undefined && reader.present('hosts').length > 0;
  const names = isWrong ? [] : hosts?.length ? hosts : [''];
  for (const name of names) {
    const owner = owners.get(name);
    const what = name === '' ? 'the site of all hosts that no other names' : `the site of ${name}`;
    if (owner === undefined) owners.set(name, placeIn(context.file, place));
    else reader.note(place, `this is ${what}, and so is that at ${owner}`);
  }
  const options = readOptions(reader, NO_OPTIONS, context);
  const routes = reader.tables('routes').map((route) => readRoute(route, options, context));
  noteShadowed(routes, reader, context);
  noteNames(routes, context);
  const tls = readTls(reader, hosts ?? [], context);
  const rest = restFor(options, app);
  return { hosts: hosts ?? [], tls, routes: [...routes.map(({ route }) => route), rest] };
}

/** What no route has taken is the application's. */
function restFor(options: RouteOptions, app: string | null): RouteSpec {
  const matches = { path: { kind: 'any' }, methods: null, scheme: null, port: null, fields: [] } as const;
  return { ...options, ...matches, name: null, internal: false, action: { do: 'app', app } };
}

/** A route behind one that takes all of its requests would never be asked: its author means something else. */
function noteShadowed(routes: readonly PlacedRoute[], reader: TableReader, { file }: TomlContext): void {
  const right = routes.filter(({ isRight }) => isRight);
  for (const [index, { route, place }] of right.entries()) {
    const earlier = right.slice(0, index).find((other) => whoTakesAll(other.route, route));
    if (earlier === undefined) continue;
    const where = placeIn(file, earlier.place);
    reader.note(
      place,
      `this route is never asked: the one at ${where} takes all that it matches; put it first`,
    );
  }
}

function host(text: string): string {
  const name = text.toLowerCase().replace(/\.$/, '');
  if (ADDRESS_WITH_PORT.test(name)) {
    throw new ValueProblem(`'${text}' has a port; a site is chosen by the host's name alone`);
  }
  if (!HOST.test(name) && !/^\[[0-9a-f:.]+\]$/.test(name)) {
    const asAsked = domainToASCII(name);
    throw new ValueProblem(
      HOST.test(asAsked)
        ? `'${text}' is asked for as '${asAsked}'; write that`
        : `'${text}' is no host; give a name such as shop.example or *.shop.example`,
    );
  }
  return name;
}
