// Whether a password is the one that a line of an htpasswd file was made of. Slow on purpose: this is for a thread of its own.

import { createHash, timingSafeEqual } from 'node:crypto';
import { compareSync } from 'bcryptjs';
import { md5Crypt, shaCrypt } from './unix-crypt.ts';

const DEFAULT_ROUNDS = 5000;

/** @param hash one that `isKnownHash` knows */
export function verifyPassword(password: string, hash: string): boolean {
  const bytes = Buffer.from(password, 'utf8');
  if (/^\$2[aby]\$/.test(hash)) return compareSync(password, hash);
  const [, magic, salt = ''] = /^(\$apr1\$|\$1\$)([^$]{0,8})\$/.exec(hash) ?? [];
  if (magic === '$apr1$' || magic === '$1$') return isSame(md5Crypt(bytes, magic, salt), hash);
  const sha = /^\$([56])\$(?:rounds=(\d+)\$)?([^$]{0,16})\$(.*)$/.exec(hash);
  if (sha !== null) {
    const [, kind, given, shaSalt = '', digest = ''] = sha;
    const rounds =
      given === undefined ? DEFAULT_ROUNDS : Math.min(Math.max(Number(given), 1000), 999_999_999);
    return isSame(shaCrypt(kind === '5' ? 'sha256' : 'sha512', bytes, shaSalt, rounds), digest);
  }
  const [, form, text = ''] = /^\{(SHA|SSHA|PLAIN)\}(.*)$/.exec(hash) ?? [];
  if (form === 'PLAIN') return isSame(password, text);
  const stored = Buffer.from(text, 'base64');
  // The digest has 20 bytes; what is behind it is the salt.
  const made = createHash('sha1').update(bytes).update(stored.subarray(20)).digest();
  return isSame(made.toString('hex'), stored.subarray(0, 20).toString('hex'));
}

/** In a time that does not tell where they differ. */
function isSame(a: string, b: string): boolean {
  const [one, other] = [a, b].map((text) => createHash('sha256').update(text).digest());
  return timingSafeEqual(one as Buffer, other as Buffer);
}
