import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseHtpasswd } from '../../../../src/handlers/auth/htpasswd.ts';
import { verifyPassword } from '../../../../src/handlers/auth/verify-password.ts';
import { isKnownHash } from '../../../../src/protocol/supervision/password-hash.ts';

const LONG = 'ein längeres Passwort mit 40 Buchstaben und mehr als 64 Bytes, so daß es zählt';

// By `openssl passwd`, bcryptjs and Python's hashlib; those of "Hello world!" are from the specification of SHA-crypt.
const HASHES: readonly (readonly [password: string, hash: string])[] = [
  ['secret', '$apr1$abcdefgh$h9FWgUz3n9YxylKLlR5SQ/'],
  [LONG, '$apr1$abcdefgh$i4kPJBpv6jxVH03s.Dwrc1'],
  ['secret', '$1$abc$iCQ2D3nhptRYi27fDYv2s1'],
  [LONG, '$1$abc$2vu/2b2y8QOvw6n7Vv23V1'],
  ['secret', '$5$saltstring$C3o4O1TC6aRHF4FI.QSZMXtHbaj2gSXr4sUc/3NcUi.'],
  [LONG, '$5$saltstring$DvfQ.wp0j9Q2KXfeO0fIygnL.MeVKaQGNBDkP5qawk0'],
  ['Hello world!', '$5$saltstring$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5'],
  ['secret', '$6$xyz$.93lutCQh7gdmqGUmc0pqsyIV6oV.yg/JdutjxPyVxVRhfQnlOaWqbPLlVr.r.CkGAEbx50p7atJLgFxm972z0'],
  [LONG, '$6$xyz$ztk3TNGNvP7rwoHm25u9lJPauf.mhlQVjTVx3pA.QYkOT0AQo95F9.MNYFz29bPajGXuD9z7Qx5FKl53uVKgw0'],
  [
    'Hello world!',
    '$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1',
  ],
  [
    'Hello world!',
    '$6$rounds=10000$saltstringsaltst$OW1/O6BYHV6BcXZu8QVeXbDWra3Oeqh0sbHbbMCVNSnCM/UrjmM0Dp8vOuZeHBy/YTBmSK6H9qs/y3RnOaw5v.',
  ],
  ['secret', '$2b$04$UE/dC0YF859avVKKO7.QQOt3mJ5bJwuCmsQQucx3afYY9efWlPmjm'],
  ['secret', '$2y$04$UE/dC0YF859avVKKO7.QQOt3mJ5bJwuCmsQQucx3afYY9efWlPmjm'],
  ['secret', '{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ='],
  ['secret', '{SSHA}gVK8WC9YyFT1gMsQHTGCgT3sSv5zYWx0'],
  ['secret', '{PLAIN}secret'],
];

describe('a password', () => {
  for (const [password, hash] of HASHES) {
    it(`is verified by ${hash}`, () => {
      assert.ok(isKnownHash(hash));
      assert.ok(verifyPassword(password, hash));
      for (const wrong of [`${password}x`, password.slice(1), '']) assert.ok(!verifyPassword(wrong, hash));
    });
  }

  it('is not verified by hashes of DES, nor by what is none', () => {
    for (const hash of ['rqXexS6ZhobKA', '', '$2y$10$short', '$9$a$b', 'secret'])
      assert.ok(!isKnownHash(hash), hash);
  });
});

describe('an htpasswd file', () => {
  it('has a user a line, comments, and lines that nobody can log in with', () => {
    const { users, unusable } = parseHtpasswd(
      '# staff\nann:{PLAIN}a:b\n\nbob:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=:Bob\r\nann:{PLAIN}second\nold:rqXexS6ZhobKA\nno colon\n',
    );
    assert.deepEqual(
      [...users],
      [
        ['ann', '{PLAIN}a:b'],
        ['bob', '{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ='],
      ],
    );
    assert.deepEqual(unusable, [6, 7]);
  });
});
