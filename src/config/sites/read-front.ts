// What a kirin.toml says about serving: the tables at its top that are no settings.

import type { FrontSpec } from '../../protocol/supervision/front.ts';
import type { SiteSpec } from '../../protocol/supervision/site.ts';
import { TableReader, type TomlContext } from '../toml/table-reader.ts';
import { CACHES_SCHEMA, readCaches } from './caches.ts';
import { readSites, SITE_SCHEMA } from './read-sites.ts';
import { RESOLVER_SCHEMA, readResolvers, readUpstreams, UPSTREAMS_SCHEMA } from './read-upstreams.ts';
import { whoTakesAll } from './shadowing.ts';

export const FRONT_SCHEMAS = {
  sites: { description: 'What is answered for which host.', type: 'array', items: SITE_SCHEMA },
  upstreams: UPSTREAMS_SCHEMA,
  resolver: RESOLVER_SCHEMA,
  caches: CACHES_SCHEMA,
};

export const FRONT_KEYS: readonly string[] = Object.keys(FRONT_SCHEMAS);

export interface ReadFront {
  readonly front: FrontSpec;
  /** Applications that no route leads to. */
  readonly unreached: readonly string[];
}

/** Other keys of the file are none of its concern. */
export function readFront(context: TomlContext): ReadFront {
  const { document } = context;
  const known = [...document.entries.keys(), ...FRONT_KEYS];
  const top = new TableReader(document, 'the file', known, context);
  const resolvers = readResolvers(top);
  const sites = readSites(top, context);
  const { names, fallback } = context.apps;
  const front = {
    app: fallback,
    sites,
    upstreams: readUpstreams(top, resolvers, context),
    resolvers,
    caches: readCaches(top, context),
  };
  const reached = sites.length === 0 ? [fallback] : sites.flatMap(appsOf);
  return { front, unreached: names.filter((name) => !reached.includes(name)) };
}

function appsOf({ routes }: SiteSpec): (string | null)[] {
  const asked = routes.filter(
    (route, index) => !routes.slice(0, index).some((each) => whoTakesAll(each, route)),
  );
  return asked.flatMap(({ action }) => (action.do === 'app' ? [action.app] : []));
}
