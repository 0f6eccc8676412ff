// `tls` of a site: its certificate, and which clients may come.

import { isIP } from 'node:net';
import { resolve } from 'node:path';
import { nearest } from '../../base/edit-distance.ts';
import type { SiteTls } from '../../protocol/supervision/site.ts';
import { type FileValue, ValueProblem } from '../setting.ts';
import { TableReader, type TomlContext, text } from '../toml/table-reader.ts';
import { placeIn, type TomlTable } from '../toml/toml-node.ts';
import { STRING } from './schemas.ts';

/** Let's Encrypt's limit. */
const MOST_HOSTS = 100;

const PROPERTIES = {
  certificate: { ...STRING, description: 'File with the certificate, and those that have signed it.' },
  key: { ...STRING, description: 'File with its private key; without it, that of the certificate.' },
  password: { ...STRING, description: 'Of the private key.' },
  ocsp: {
    ...STRING,
    description: 'File with what the authority says of the certificate (OCSP), in DER form.',
  },
  client_ca: { ...STRING, description: "File with the certificates of those who sign clients' ones." },
  client_certificates: {
    enum: ['required', 'optional', 'ignored'],
    description: 'Whether clients must have one; with client_ca they must, unless this says otherwise.',
  },
};

const WORDS = ['automatic', 'local'] as const;

export const TLS_SCHEMA = {
  description: 'The certificate of the site: obtained from an authority, made for this machine, or of files.',
  anyOf: [
    { enum: WORDS },
    { type: 'object', additionalProperties: false, required: ['certificate'], properties: PROPERTIES },
  ],
};

/** `within` is the site's table; `hosts` its hosts. null: there is none, or nothing right. */
export function readTls(within: TableReader, hosts: readonly string[], context: TomlContext): SiteTls | null {
  const entry = within.entry('tls');
  if (entry === undefined) return null;
  if (entry.node.kind === 'table') return fromTable(entry.node, context);
  const kind = within.read('tls', word);
  const problem = kind === 'automatic' ? whyNotAutomatic(hosts) : null;
  if (problem !== null) within.note(entry.place, `tls = "automatic": ${problem}`);
  if (kind === undefined || problem !== null) return null;
  return { place: placeIn(context.file, entry.place), source: { kind }, clients: null };
}

function word(value: FileValue): (typeof WORDS)[number] {
  const known = WORDS.find((each) => each === value);
  if (known !== undefined) return known;
  const meant = typeof value === 'string' ? nearest(value, WORDS) : null;
  if (meant !== null) throw new ValueProblem(`did you mean "${meant}"?`);
  throw new ValueProblem(
    'not "automatic", "local" or a table such as { certificate = "a.pem", key = "a.key" }',
  );
}

/** The authority has to be able to come to each host: challenges by HTTP and TLS show nothing about those that a wildcard stands for. */
function whyNotAutomatic(hosts: readonly string[]): string | null {
  if (hosts.length === 0) return 'the site has no hosts; name those that the certificate is to be for';
  const wildcard = hosts.find((host) => host.startsWith('*.'));
  if (wildcard !== undefined) {
    return `no certificate for ${wildcard} is given in this way; name its hosts one by one, or give a certificate of your own: { certificate = "a.pem", key = "a.key" }`;
  }
  const address = hosts.find((host) => host.startsWith('[') || isIP(host) !== 0);
  if (address !== undefined) return `${address} is an address; certificates are given for names`;
  if (hosts.length > MOST_HOSTS) return `${hosts.length} hosts; a certificate has at most ${MOST_HOSTS}`;
  return null;
}

function fromTable(table: TomlTable, context: TomlContext): SiteTls | null {
  const reader = new TableReader(table, 'tls', Object.keys(PROPERTIES), context);
  const file = (key: string): string | null => {
    const path = reader.read(key, text);
    return path === undefined ? null : resolve(context.folder, path);
  };
  const certificate = file('certificate');
  if (reader.present('certificate').length === 0) {
    reader.note(table.place, 'tls needs a certificate: { certificate = "a.pem", key = "a.key" }');
  }
  const authorities = file('client_ca');
  const asks = reader.read('client_certificates', whether);
  if (asks !== undefined && asks !== 'ignored' && reader.present('client_ca').length === 0) {
    const { place } = reader.entry('client_certificates') ?? table;
    reader.note(place, 'client_certificates needs client_ca, the certificates of those who sign them');
  }
  const key = file('key');
  const password = reader.read('password', text) ?? null;
  const ocsp = file('ocsp');
  if (certificate === null) return null;
  return {
    place: placeIn(context.file, table.place),
    source: { kind: 'files', certificate, key, password, ocsp },
    clients:
      authorities === null && asks === undefined ? null : { authorities, certificates: asks ?? 'required' },
  };
}

function whether(value: FileValue): 'required' | 'optional' | 'ignored' {
  if (value === 'required' || value === 'optional' || value === 'ignored') return value;
  throw new ValueProblem('not "required", "optional" or "ignored"');
}
