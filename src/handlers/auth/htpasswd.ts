import { isKnownHash } from '../../protocol/supervision/password-hash.ts';

export interface UserList {
  /** User → hash. */
  readonly users: ReadonlyMap<string, string>;
  /** Lines, from 1, that nobody can log in with. */
  readonly unusable: readonly number[];
}

/** `user:hash` a line; what follows another colon is a comment, as in nginx. */
export function parseHtpasswd(text: string): UserList {
  const users = new Map<string, string>();
  const unusable: number[] = [];
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    const written = line.trim();
    if (written === '' || written.startsWith('#')) continue;
    const [user = '', hash = ''] = written.split(':');
    const whole = hash.startsWith('{PLAIN}') ? written.slice(user.length + 1) : hash;
    if (user === '' || !isKnownHash(whole) || CONTROL.test(user)) unusable.push(index + 1);
    // Of two lines the first counts, as in Apache and nginx.
    else if (!users.has(user)) users.set(user, whole);
  }
  return { users, unusable };
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is meant
const CONTROL = /[\x00-\x1f\x7f]/;
