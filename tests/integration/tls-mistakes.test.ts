import assert from 'node:assert/strict';
import { chmodSync } from 'node:fs';
import { after, describe, it } from 'node:test';
import { CertificateFolder, opensslIsMissing } from '../support/certificates.ts';
import { runKirin, withKirin } from '../support/kirin.ts';

const isRoot = process.getuid?.() === 0;

describe('a certificate or a key', { skip: opensslIsMissing }, () => {
  const folder = new CertificateFolder();
  const { cert, key } = folder.certificate('server');
  const other = folder.certificate('other');
  const text = folder.read(cert);
  after(() => folder.remove());

  const pair = (certfile: string, keyfile: string) => ['--certfile', certfile, '--keyfile', keyfile];
  const missing = folder.file('missing.pem');
  const der = folder.file('server.der');
  folder.openssl('x509', '-in', cert, '-outform', 'der', '-out', der);
  const encrypted = folder.file('encrypted.key');
  folder.openssl('pkey', '-in', key, '-aes256', '-passout', 'pass:secret', '-out', encrypted);

  const cases: readonly (readonly [string, readonly string[], RegExp])[] = [
    [
      'that is missing',
      pair(missing, key),
      /^kirin: certfile \S+missing\.pem \(from the command line\) cannot be read: there is no such file$/m,
    ],
    ['whose key is missing', pair(cert, missing), /keyfile \S+missing\.pem .* there is no such file/],
    [
      'that is a folder',
      pair(folder.path, key),
      /certfile \S+ .* cannot be read: it is a folder; give the file/,
    ],
    ['in DER form', pair(der, key), /holds no certificate in PEM form .*`openssl x509 -inform der -in FILE/],
    ['that is no certificate', pair(key, key), /certfile \S+server\.key .* holds no certificate in PEM form/],
    ['that is no key', pair(cert, cert), /keyfile \S+server\.pem .* holds no private key in PEM form/],
    [
      'without a key',
      ['--certfile', cert],
      /holds no private key in PEM form .*; give the file that does as keyfile/,
    ],
    [
      'that is damaged',
      pair(folder.write('damaged.pem', text.replace(/\n.{8}/, '\nAAAAAAAA')), key),
      /the certificate in it cannot be read \(.+\); is the file whole\?/,
    ],
    [
      'whose key is damaged',
      pair(cert, folder.write('damaged.key', folder.read(key).replace(/\n.{8}/, '\nAAAAAAAA'))),
      /the private key cannot be read \(.+\); is the file whole\?/,
    ],
    [
      'whose key is another’s',
      pair(cert, other.key),
      /the private key does not belong to the certificate of certfile/,
    ],
    [
      'that is not the first in its file',
      pair(folder.write('upside-down.pem', folder.read(other.cert), text), key),
      /the private key belongs to certificate 2 in it; the server's own comes first/,
    ],
    [
      'whose key is encrypted',
      pair(cert, encrypted),
      /the private key is encrypted, .* `openssl pkey -in FILE -out FILE\.plain`/,
    ],
    ['that is not named, and its key is', ['--keyfile', key], /keyfile \S+ .* needs a certificate/],
    [
      'of clients without an authority',
      [...pair(cert, key), '--cert-reqs', '2'],
      /cert_reqs \(from the command line\) asks clients for certificates, and ca_certs does not say/,
    ],
    [
      'of an authority that is none',
      [...pair(cert, key), '--ca-certs', key],
      /ca_certs \S+server\.key .* holds no certificate/,
    ],
    [
      'with ciphers that there are none of',
      [...pair(cert, key), '--ciphers', 'ROT13'],
      /ciphers 'ROT13' \(from the command line\) cannot be used: no cipher match; `openssl ciphers -v`/,
    ],
  ];

  for (const [what, args, message] of cases) {
    it(`${what} ends the start with a message`, async () => {
      const { code, log } = await runKirin({ app: 'dangerous:app', args });
      assert.match(log, message);
      assert.equal(code, 1);
      assert.doesNotMatch(log, /Starting|BEGIN (?:EC )?PRIVATE KEY-----\n/);
    });
  }

  it('that may not be read ends the start with a message', {
    skip: isRoot && 'root may read every file',
  }, async () => {
    const secret = folder.write('secret.key', folder.read(key));
    chmodSync(secret, 0);
    const { code, log } = await runKirin({ app: 'dangerous:app', args: pair(cert, secret) });
    assert.match(log, /keyfile \S+secret\.key .* cannot be read: user \d+, who has started kirin, may not/);
    assert.equal(code, 1);
  });

  it('is checked by --check-config, too', async () => {
    const { code, log } = await runKirin({
      app: 'dangerous:app',
      args: ['--check-config', ...pair(cert, other.key)],
    });
    assert.match(log, /the private key does not belong to the certificate/);
    assert.equal(code, 1);
  });

  it('that has expired is used, with a warning', async () => {
    const old = folder.certificate('old', { days: -1 });
    await withKirin({ app: 'dangerous:app', args: pair(old.cert, old.key) }, async (kirin) => {
      await kirin.waitForLog(/\[WARNING\] certfile \S+old\.pem .*: the certificate has expired on .* GMT/);
    });
  });

  it('may be in one file, and the file’s path relative to the application’s folder', async () => {
    folder.write('both.pem', folder.read(key), text);
    folder.write(
      'main.py',
      'def app(environ, start_response):\n    start_response("200 OK", [])\n    return []\n',
    );
    const args = ['--certfile', 'both.pem', '--chdir', folder.path];
    await withKirin({ app: 'main:app', args }, async (kirin) => {
      assert.match(kirin.log(), /Listening at: https:/);
    });
  });
});
