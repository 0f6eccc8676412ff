// The older password hashes that htpasswd and crypt(3) write: MD5 in 1000 rounds (Apache's apr1), and SHA-crypt
// (https://www.akkadia.org/drepper/SHA-crypt.txt).

import { createHash } from 'node:crypto';

const ALPHABET = './0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** Bytes of the digest in the order in which they are written, three to four letters. */
type Order = readonly (readonly number[])[];

const MD5_ORDER: Order = [[0, 6, 12], [1, 7, 13], [2, 8, 14], [3, 9, 15], [4, 10, 5], [11]];

/** Every next triple begins one further, and is turned by so many places. */
function turned(count: number, by: 1 | 2): Order {
  return Array.from({ length: count }, (_, index) => {
    const triple = [index, count + index, 2 * count + index];
    const turn = (index * by) % 3;
    return [...triple.slice(turn), ...triple.slice(0, turn)];
  });
}

const SHA_ORDERS: Readonly<Record<'sha256' | 'sha512', Order>> = {
  sha256: [...turned(10, 2), [31, 30]],
  sha512: [...turned(21, 1), [63]],
};

function encoded(digest: Buffer, order: Order): string {
  let text = '';
  for (const bytes of order) {
    let value = bytes.reduce((sum, index) => (sum << 8) | (digest[index] as number), 0);
    for (let letters = Math.ceil((bytes.length * 8) / 6); letters > 0; letters -= 1) {
      text += ALPHABET[value & 63];
      value >>= 6;
    }
  }
  return text;
}

const md5 = (...parts: readonly Buffer[]): Buffer => digestOf('md5', parts);

function digestOf(algorithm: string, parts: readonly Buffer[]): Buffer {
  const hash = createHash(algorithm);
  for (const part of parts) hash.update(part);
  return hash.digest();
}

/** `length` bytes of a pattern that is repeated. */
function repeated(pattern: Buffer, length: number): Buffer {
  return Buffer.alloc(length, pattern);
}

/** `$apr1$salt$` or `$1$salt$`, with the digest behind. */
export function md5Crypt(password: Buffer, magic: '$apr1$' | '$1$', salt: string): string {
  const saltBytes = Buffer.from(salt, 'latin1');
  const inner = md5(password, saltBytes, password);
  const parts = [password, Buffer.from(magic), saltBytes];
  if (password.length > 0) parts.push(repeated(inner, password.length));
  for (let bits = password.length; bits > 0; bits >>= 1) {
    parts.push((bits & 1) === 1 ? Buffer.alloc(1) : password.subarray(0, 1));
  }
  let digest = md5(...parts);
  for (let round = 0; round < 1000; round += 1) {
    const isOdd = round % 2 === 1;
    digest = md5(
      isOdd ? password : digest,
      ...(round % 3 === 0 ? [] : [saltBytes]),
      ...(round % 7 === 0 ? [] : [password]),
      isOdd ? digest : password,
    );
  }
  return `${magic}${salt}$${encoded(digest, MD5_ORDER)}`;
}

/** What stands behind the last dollar of `$5$…` or `$6$…`. */
export function shaCrypt(
  algorithm: 'sha256' | 'sha512',
  password: Buffer,
  salt: string,
  rounds: number,
): string {
  const hash = (...parts: readonly Buffer[]) => digestOf(algorithm, parts);
  const saltBytes = Buffer.from(salt, 'latin1');
  const inner = hash(password, saltBytes, password);
  const parts = [password, saltBytes, repeated(inner, password.length)];
  for (let bits = password.length; bits > 0; bits >>= 1) parts.push((bits & 1) === 1 ? inner : password);
  let digest = hash(...parts);
  const fromPassword = repeated(
    hash(...Array.from({ length: password.length }, () => password)),
    password.length,
  );
  const fromSalt = repeated(
    hash(...Array.from({ length: 16 + (digest[0] as number) }, () => saltBytes)),
    saltBytes.length,
  );
  for (let round = 0; round < rounds; round += 1) {
    const isOdd = round % 2 === 1;
    digest = hash(
      isOdd ? fromPassword : digest,
      ...(round % 3 === 0 ? [] : [fromSalt]),
      ...(round % 7 === 0 ? [] : [fromPassword]),
      isOdd ? digest : fromPassword,
    );
  }
  return encoded(digest, SHA_ORDERS[algorithm]);
}
