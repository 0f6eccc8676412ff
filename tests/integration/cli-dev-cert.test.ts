import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { opensslIsMissing } from '../support/certificates.ts';
import { runKirin, withKirin } from '../support/kirin.ts';
import { fixture } from '../support/project.ts';
import { makeTemporaryFolder, removeFolder } from '../support/temporary-folder.ts';

const AUTHORITY = 'data/kirin/dev-cert/authority.pem';

describe('kirin dev-cert', { skip: opensslIsMissing }, () => {
  const root = makeTemporaryFolder();
  after(() => removeFolder(root));

  const newFolder = () => mkdtempSync(join(root, 'run-'));

  const devCert = (cwd: string, ...words: string[]) =>
    runKirin({ args: ['dev-cert', ...words], bind: [], cwd, env: { XDG_DATA_HOME: join(cwd, 'data') } });

  const openssl = (cwd: string, ...args: string[]) =>
    execFileSync('openssl', args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

  it('makes what Kirin serves and curl accepts, once it trusts the authority', async () => {
    const cwd = newFolder();
    const { code, stdout, log } = await devCert(cwd);
    assert.deepEqual([code, log], [0, '']);
    const command = ' {4}kirin --certfile localhost.pem --keyfile localhost.key hello:app\n';
    assert.match(
      stdout,
      new RegExp(`^A certificate for localhost, 127\\.0\\.0\\.1 and ::1, until \\d{4}-.*\n\n${command}`),
    );
    const [, curl = ''] = / {4}curl +(curl --cacert .*)\n/.exec(stdout) ?? [];
    const files = ['--certfile', join(cwd, 'localhost.pem'), '--keyfile', join(cwd, 'localhost.key')];
    await withKirin({ app: 'environ_dump:app', cwd: fixture('apps'), args: files }, async (kirin) => {
      for (const host of ['localhost', '127.0.0.1']) {
        const words = ['-sS', '--fail', '--resolve', `localhost:${kirin.port}:127.0.0.1`];
        const url = `https://${host}:${kirin.port}/`;
        const asSaid = curl.split(' ').slice(1, -1);
        assert.notEqual(execFileSync('curl', [...words, ...asSaid, url], { encoding: 'utf8' }), '');
        assert.throws(() => execFileSync('curl', [...words, url], { stdio: 'pipe' }), /certificate/);
      }
    });
  });

  it('makes a certificate that holds to the letter of the standard, for the names that are given', async () => {
    const cwd = newFolder();
    const { code } = await devCert(
      cwd,
      'Shop.test',
      '*.shop.test',
      'bücher.test',
      '10.1.2.3',
      '::1',
      '--name',
      'shop',
    );
    assert.equal(code, 0);
    openssl(cwd, 'verify', '-x509_strict', '-purpose', 'sslserver', '-CAfile', AUTHORITY, 'shop.pem');
    const names = openssl(cwd, 'x509', '-in', 'shop.pem', '-noout', '-ext', 'subjectAltName');
    assert.match(
      names,
      /DNS:shop\.test, DNS:\*\.shop\.test, DNS:xn--bcher-kva\.test, IP Address:10\.1\.2\.3, IP Address:0:0:0:0:0:0:0:1\n/,
    );
    for (const host of ['shop.test', 'www.shop.test'])
      openssl(cwd, 'verify', '-verify_hostname', host, '-CAfile', AUTHORITY, 'shop.pem');
  });

  it('keeps keys from everybody else', async () => {
    const cwd = newFolder();
    await devCert(cwd);
    for (const key of ['localhost.key', AUTHORITY.replace('.pem', '.key')])
      assert.equal(statSync(join(cwd, key)).mode & 0o777, 0o600, key);
    assert.equal(statSync(join(cwd, 'data/kirin/dev-cert')).mode & 0o777, 0o700);
  });

  it('makes the authority once, and its own files again', async () => {
    const cwd = newFolder();
    const first = await devCert(cwd);
    const authority = readFileSync(join(cwd, AUTHORITY), 'utf8');
    const certificate = readFileSync(join(cwd, 'localhost.pem'), 'utf8');
    const second = await devCert(cwd);
    assert.match(first.stdout, /authority that has signed it is new/);
    assert.doesNotMatch(second.stdout, /is new/);
    assert.equal(readFileSync(join(cwd, AUTHORITY), 'utf8'), authority);
    assert.notEqual(readFileSync(join(cwd, 'localhost.pem'), 'utf8'), certificate);
  });

  it('leaves a file alone that it has not made', async () => {
    const cwd = newFolder();
    writeFileSync(join(cwd, 'localhost.key'), 'mine');
    const { code, log } = await devCert(cwd);
    assert.equal(code, 1);
    assert.match(
      log,
      /localhost\.key is there, and was not made by 'kirin dev-cert'; it is left as it is\nGive another/,
    );
    assert.equal(readFileSync(join(cwd, 'localhost.key'), 'utf8'), 'mine');
  });

  it('says what is wrong with a name, and what would be right', async () => {
    const { code, log } = await devCert(newFolder(), 'https://shop.test:8443/');
    assert.equal(code, 2);
    assert.match(
      log,
      /'https:\/\/shop\.test:8443\/' is no host; give a name or an address alone, such as shop\.test\n/,
    );
  });

  it('has a help, and is suggested where it is misspelt', async () => {
    const help = await devCert(newFolder(), '--help');
    assert.equal(help.code, 0);
    assert.match(help.stdout, /^usage: kirin dev-cert \[OPTIONS\] \[NAME\.\.\.\]\n/);
    for (const line of help.stdout.split('\n')) assert.ok(line.length <= 88, line);
    const misspelt = await runKirin({ args: ['dev-certs', 'shop.test'], bind: [] });
    assert.equal(misspelt.code, 2);
    assert.match(misspelt.log, /Did you mean 'kirin dev-cert shop\.test'\?\n$/);
    const alone = await runKirin({ args: ['devcert', '-b', '127.0.0.1:0'], bind: [] });
    assert.equal(alone.code, 3);
    assert.match(alone.log, /Did you mean 'kirin dev-cert -b \S+'\?\n$/);
  });
});
