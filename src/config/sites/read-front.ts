// What a kirin.toml says about serving: the tables at its top that are no settings.

import { DEFAULT_APP, type FrontSpec } from '../../protocol/supervision/front.ts';
import { TableReader, type TomlContext } from '../toml/table-reader.ts';
import { CACHES_SCHEMA, readCaches } from './caches.ts';
import { readSites, SITE_SCHEMA } from './read-sites.ts';
import { RESOLVER_SCHEMA, readResolvers, readUpstreams, UPSTREAMS_SCHEMA } from './read-upstreams.ts';

export const FRONT_SCHEMAS = {
  sites: { description: 'What is answered for which host.', type: 'array', items: SITE_SCHEMA },
  upstreams: UPSTREAMS_SCHEMA,
  resolver: RESOLVER_SCHEMA,
  caches: CACHES_SCHEMA,
};

export const FRONT_KEYS: readonly string[] = Object.keys(FRONT_SCHEMAS);

/** Other keys of the file are none of its concern. */
export function readFront(context: TomlContext): FrontSpec {
  const { document } = context;
  const known = [...document.entries.keys(), ...FRONT_KEYS];
  const top = new TableReader(document, 'the file', known, context);
  const resolvers = readResolvers(top);
  return {
    app: DEFAULT_APP,
    sites: readSites(top, context),
    upstreams: readUpstreams(top, resolvers, context),
    resolvers,
    caches: readCaches(top, context),
  };
}
