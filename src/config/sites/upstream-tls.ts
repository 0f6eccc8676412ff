// `tls` of a proxy: whom of an encrypted upstream is believed what.

import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { UpstreamTls } from '../../protocol/supervision/proxy.ts';
import { type FileValue, ValueProblem } from '../setting.ts';
import { TableReader, type TomlContext, text } from '../toml/table-reader.ts';
import { STRING } from './schemas.ts';
import { truth } from './values.ts';

const PROPERTIES = {
  verify: { type: 'boolean', description: 'Whether its certificate has to be right.' },
  name: { ...STRING, description: 'Of its certificate, and for SNI; the host of the URL without this.' },
  ca: {
    ...STRING,
    description: 'A file with the authorities that are believed; without this the usual ones.',
  },
  certificate: { ...STRING, description: 'A file with the certificate that it is shown, and its chain.' },
  key: { ...STRING, description: 'A file with its key.' },
};

export const UPSTREAM_TLS_SCHEMA = {
  description: 'Of an upstream that is spoken to by https://.',
  type: 'object',
  additionalProperties: false,
  properties: PROPERTIES,
};

export const DEFAULT_UPSTREAM_TLS: UpstreamTls = {
  verify: true,
  name: null,
  ca: null,
  certificate: null,
  key: null,
};

const HOST = /^[a-z0-9_-]+(\.[a-z0-9_-]+)*$/i;

/** `within` is the table of the proxy. */
export function upstreamTls(within: TableReader, context: TomlContext): UpstreamTls {
  const entry = within.entry('tls');
  if (entry === undefined) return DEFAULT_UPSTREAM_TLS;
  if (entry.node.kind !== 'table') {
    within.note(entry.place, `tls = ${entry.node.text}: not a table such as { ca = "authority.pem" }`);
    return DEFAULT_UPSTREAM_TLS;
  }
  const before = context.problems.length;
  const reader = new TableReader(entry.node, 'tls', Object.keys(PROPERTIES), context);
  const files = reader.present('certificate', 'key');
  if (files.length === 1) reader.note(entry.place, 'a certificate needs its key, and a key its certificate');
  const fileOf = (value: FileValue) => read(resolve(context.folder, text(value)));
  const spec = {
    verify: reader.read('verify', truth) ?? true,
    name: reader.read('name', name) ?? null,
    ca: reader.read('ca', (value) => certificates(fileOf(value))) ?? null,
    certificate: reader.read('certificate', (value) => certificates(fileOf(value))) ?? null,
    key: reader.read('key', (value) => key(fileOf(value))) ?? null,
  };
  const why = context.problems.length > before ? null : whyUseless(spec);
  if (why !== null) reader.note(entry.place, why);
  return spec;
}

/** Why no connection could be made so: what is wrong with the files together, or beyond their first certificates. */
function whyUseless({ ca, certificate, key }: UpstreamTls): string | null {
  if (ca === null && certificate === null) return null;
  const { createSecureContext } = process.getBuiltinModule('node:tls');
  try {
    createSecureContext({
      ...(ca === null ? {} : { ca }),
      ...(certificate === null ? {} : { cert: certificate }),
      ...(key === null ? {} : { key }),
    });
    return null;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ERR_OSSL_X509_KEY_VALUES_MISMATCH') return 'the key does not belong to the certificate';
    return `its files cannot be used: ${message}`;
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new ValueProblem(`it cannot be read: ${(error as Error).message}`);
  }
}

function name(value: FileValue): string {
  const written = text(value);
  if (HOST.test(written)) return written;
  throw new ValueProblem(`'${written}' is no name of a host`);
}

function certificates(pem: string): string {
  try {
    new X509Certificate(pem);
    return pem;
  } catch (error) {
    throw new ValueProblem(`the file holds no certificate in PEM: ${(error as Error).message}`);
  }
}

function key(pem: string): string {
  const isEncrypted = /^-----BEGIN ENCRYPTED |^Proc-Type: 4,ENCRYPTED/m.test(pem);
  if (/-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----/.test(pem) && !isEncrypted) return pem;
  throw new ValueProblem('the file holds no key in PEM that is not encrypted');
}
