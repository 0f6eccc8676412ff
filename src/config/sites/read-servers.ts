// `servers` of an upstream: addresses, or tables with one.

import {
  addressText,
  SERVER_DEFAULTS,
  type UpstreamServerSpec,
} from '../../protocol/supervision/upstream.ts';
import { type FileValue, ValueProblem } from '../setting.ts';
import { integerFrom, TableReader, type TomlContext, text } from '../toml/table-reader.ts';
import { placeIn, type TomlNode, type TomlTable } from '../toml/toml-node.ts';
import { COUNT, STRING, WAIT } from './schemas.ts';
import { serverAddress } from './server-address.ts';
import { truth, waitFrom } from './values.ts';

const PROPERTIES = {
  address: { ...STRING, description: '10.0.0.1:8000, app:8000 or unix:/run/app.sock.' },
  weight: { type: 'integer', minimum: 1, description: 'How many requests it gets beside the others.' },
  max_fails: {
    ...COUNT,
    description: 'Failures within fail_timeout that take it out; 0: they do not count.',
  },
  fail_timeout: { ...WAIT, description: 'For how long: 10s.' },
  slow_start: { ...WAIT, description: 'How long its weight grows when it is back.' },
  backup: { type: 'boolean', description: 'Asked only while none of the others is there.' },
  down: { type: 'boolean', description: 'Gets nothing.' },
  max_connections: { ...COUNT, description: 'Requests at one time; 0: any number.' },
};

export const SERVERS_SCHEMA = {
  description: 'Those that requests are shared out to.',
  type: 'array',
  minItems: 1,
  items: { type: ['string', 'object'], additionalProperties: false, properties: PROPERTIES },
};

/** `table`: the upstream's. */
export function readServers(
  reader: TableReader,
  table: TomlTable,
  context: TomlContext,
): readonly UpstreamServerSpec[] {
  const entry = reader.entry('servers');
  if (entry === undefined) {
    reader.note(table.place, 'an upstream needs servers = ["10.0.0.1:8000", …]');
    return [];
  }
  const { node, place } = entry;
  if (node.kind !== 'array' || node.items.length === 0) {
    reader.note(place, `servers = ${node.text}: not an array of addresses such as ["10.0.0.1:8000"]`);
    return [];
  }
  const places = new Map<string, string>();
  const servers: UpstreamServerSpec[] = [];
  for (const item of node.items) {
    const server = readServer(item, reader, context);
    if (server === null) continue;
    const address = addressText(server.address);
    const earlier = places.get(address);
    places.set(address, placeIn(context.file, item.place));
    if (earlier === undefined) servers.push(server);
    else reader.note(item.place, `${address} stands at ${earlier} already; a weight gives it more requests`);
  }
  if (servers.length === node.items.length && servers.every(({ isBackup }) => isBackup)) {
    reader.note(
      place,
      'all servers are backups; leave backup out where there is nothing to be in the place of',
    );
  }
  return servers;
}

/** null: nothing right, which has been noted. */
function readServer(node: TomlNode, within: TableReader, context: TomlContext): UpstreamServerSpec | null {
  const address = (value: FileValue) => serverAddress(text(value), context.folder);
  if (node.kind !== 'table') {
    try {
      const value = node.kind === 'scalar' && typeof node.value === 'string' ? node.value : null;
      if (value === null) throw new ValueProblem(`${node.text}: not an address, or a table with one`);
      return { ...SERVER_DEFAULTS, address: address(value) };
    } catch (error) {
      if (!(error instanceof ValueProblem)) throw error;
      within.note(node.place, error.message);
      return null;
    }
  }
  const reader = new TableReader(node, 'a server', Object.keys(PROPERTIES), context);
  if (reader.present('address').length === 0) {
    reader.note(node.place, 'a server needs an address, such as "10.0.0.1:8000"');
  }
  const where = reader.read('address', address);
  const others = {
    weight: reader.read('weight', integerFrom(1, 65_535)) ?? SERVER_DEFAULTS.weight,
    maxFails: reader.read('max_fails', integerFrom(0, 1_000_000)) ?? SERVER_DEFAULTS.maxFails,
    failTimeoutMs: reader.read('fail_timeout', waitFrom(0)) ?? SERVER_DEFAULTS.failTimeoutMs,
    slowStartMs: reader.read('slow_start', waitFrom(0)) ?? SERVER_DEFAULTS.slowStartMs,
    isBackup: reader.read('backup', truth) ?? SERVER_DEFAULTS.isBackup,
    isDown: reader.read('down', truth) ?? SERVER_DEFAULTS.isDown,
    maxConnections:
      reader.read('max_connections', integerFrom(0, 1_000_000)) ?? SERVER_DEFAULTS.maxConnections,
  };
  return where === undefined ? null : { address: where, ...others };
}
