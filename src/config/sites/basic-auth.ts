// `basic_auth` and `satisfy` of a site or a route.

import { resolve } from 'node:path';
import type { BasicAuthSpec } from '../../protocol/supervision/guards.ts';
import { isKnownHash } from '../../protocol/supervision/password-hash.ts';
import { type FileValue, ValueProblem } from '../setting.ts';
import { TableReader, type TomlContext, text } from '../toml/table-reader.ts';
import { STRING } from './schemas.ts';

const PROPERTIES = {
  realm: { ...STRING, description: 'What browsers show.' },
  file: { ...STRING, description: 'Lines of user:hash, as htpasswd writes them.' },
  users: {
    type: 'object',
    additionalProperties: STRING,
    description: 'User and hash, as in such a file.',
  },
};

export const BASIC_AUTH_SCHEMA = {
  description: 'Who may, by a password: an htpasswd file, or users; false: nobody is asked.',
  anyOf: [{ enum: [false] }, { type: 'object', additionalProperties: false, properties: PROPERTIES }],
};

const DEFAULT_REALM = 'Restricted';

export function basicAuth(reader: TableReader, context: TomlContext): BasicAuthSpec | null | undefined {
  const node = reader.entry('basic_auth')?.node;
  if (node?.kind !== 'table') return reader.read('basic_auth', off);
  const inner = new TableReader(node, 'basic_auth', Object.keys(PROPERTIES), context);
  const given = inner.present('file', 'users');
  if (given.length !== 1) {
    const fault = given.length === 0 ? 'basic_auth needs users' : 'basic_auth has either a file or users';
    inner.note(node.place, `${fault}: file = "htpasswd", or users = { ann = "$2y$…" }`);
  }
  const realm = inner.read('realm', realmText) ?? DEFAULT_REALM;
  const file = inner.read('file', (value) => resolve(context.folder, text(value)));
  const listed = inner.read('users', users);
  if (file === undefined && listed === undefined) return undefined;
  return { realm, file: file ?? null, users: listed ?? [] };
}

export function satisfy(value: FileValue): 'any' | 'all' {
  if (value === 'any' || value === 'all') return value;
  throw new ValueProblem('not "all" (an allowed address and a password) or "any" (one of them)');
}

function off(value: FileValue): null {
  if (value === false) return null;
  throw new ValueProblem('give a table with a file or users, or false');
}

function realmText(value: FileValue): string {
  const realm = text(value);
  if (/^[\x20-\x7e]+$/.test(realm)) return realm;
  throw new ValueProblem('a realm is printable ASCII');
}

function users(value: FileValue): readonly (readonly [user: string, hash: string])[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new ValueProblem('not a table of users and their hashes');
  }
  return Object.entries(value as Readonly<Record<string, FileValue>>).map(([user, given]) => {
    const hash = text(given);
    if (user === '' || user.includes(':'))
      throw new ValueProblem(`'${user}' is no user: it is empty, or has a colon`);
    if (!isKnownHash(hash)) {
      throw new ValueProblem(
        `of ${user} it is no hash that is known; htpasswd -nB ${user} makes one (bcrypt; apr1, SHA-crypt, {SHA} and {SSHA} are known, too)`,
      );
    }
    return [user, hash];
  });
}
