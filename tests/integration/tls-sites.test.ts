import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, describe, it } from 'node:test';
import type { ConnectionOptions } from 'node:tls';
import { CertificateFolder, opensslIsMissing } from '../support/certificates.ts';
import { runKirin, withKirin } from '../support/kirin.ts';
import { listeningPorts } from '../support/listening-ports.ts';
import { fixture } from '../support/project.ts';
import { RawConnection } from '../support/raw-connection.ts';
import type { RawResponse } from '../support/response-reader.ts';
import { useKirin } from '../support/shared-kirin.ts';

const REQUEST = 'GET / HTTP/1.0\r\nHost: shop.example\r\n\r\n';

/** What the program prints about a request. */
function run(program: string, words: readonly string[]): Promise<string> {
  return new Promise((resolve) => {
    const child = execFile(program, words, (_error, stdout) => resolve(stdout));
    child.stdin?.end(REQUEST);
  });
}

async function ask(
  port: number,
  target: string,
  host: string,
  tls?: ConnectionOptions,
): Promise<RawResponse> {
  const client = await RawConnection.open(tls === undefined ? { port } : { port, tls });
  client.send(`GET ${target} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
  const response = await client.readResponse();
  await client.readToEnd();
  return response;
}

describe('sites over HTTP and HTTPS', { skip: opensslIsMissing }, () => {
  const folder = new CertificateFolder();
  const { cert, key } = folder.certificate('server');
  const tls = { ca: folder.read(cert), servername: 'localhost' };
  after(() => folder.remove());
  folder.write(
    'kirin.toml',
    `
app = "environ_dump:app"
chdir = "${fixture('apps')}"
bind = ["http://127.0.0.1:0", "https://127.0.0.1:0"]
certfile = "${cert}"
keyfile = "${key}"

[[sites]]
hosts = "shop.example"
https_only = true
hsts = "1y"

[[sites.routes]]
path = "/health"
https_only = false
respond = "fine"

[[sites.routes]]
respond = "shop"

[[sites]]
[[sites.routes]]
scheme = "http"
respond = "plain"

[[sites.routes]]
respond = "encrypted"
`,
  );
  const kirin = useKirin({
    args: ['-c', folder.file('kirin.toml')],
    bind: [],
  });
  const ports = () => listeningPorts(kirin());

  it('send plain requests to HTTPS where the site wants that', async () => {
    const { http, https } = ports();
    const response = await ask(http, '/a?b', 'shop.example:80');
    assert.equal(response.status, 308);
    assert.match(response.head, new RegExp(`Location: https://shop\\.example:${https}/a\\?b\r\n`));
    assert.doesNotMatch(response.head, /strict-transport-security/i);
    assert.equal((await ask(http, '/health', 'shop.example')).body.toString(), 'fine');
  });

  it('say Strict-Transport-Security', async () => {
    const response = await ask(ports().https, '/a', 'shop.example', tls);
    assert.equal(response.body.toString(), 'shop');
    assert.match(response.head, /Strict-Transport-Security: max-age=31536000\r\n/);
  });

  it('have routes for one of them', async () => {
    const { http, https } = ports();
    assert.equal((await ask(http, '/', 'other.example')).body.toString(), 'plain');
    assert.equal((await ask(https, '/', 'other.example', tls)).body.toString(), 'encrypted');
  });
});

describe('sites with certificates of their own', { skip: opensslIsMissing }, () => {
  const folder = new CertificateFolder();
  const shop = folder.certificate('shop', { hosts: ['shop.example'] });
  const office = folder.certificate('office', { hosts: ['office.example'] });
  const staff = folder.certificate('staff');
  const encrypted = folder.file('encrypted.key');
  folder.openssl('pkey', '-in', office.key, '-aes256', '-passout', 'pass:secret', '-out', encrypted);
  after(() => folder.remove());

  /** `changes`: in the place of the same text. */
  function write(name: string, changes: Readonly<Record<string, string>> = {}): string {
    let text = `
app = "environ_dump:app"
chdir = "${fixture('apps')}"
bind = ["http://127.0.0.1:0", "https://127.0.0.1:0"]

[[sites]]
hosts = "shop.example"
tls = { certificate = "shop.pem", key = "shop.key" }

[[sites]]
hosts = "office.example"
tls = { certificate = "office.pem", key = "encrypted.key", password = "secret", client_ca = "staff.pem" }
`;
    for (const [before, after] of Object.entries(changes)) text = text.replace(before, after);
    return folder.write(name, text);
  }
  write('kirin.toml');
  const known = (name: string, more: ConnectionOptions = {}): ConnectionOptions => ({
    ca: [folder.read(shop.cert), folder.read(office.cert)],
    servername: name,
    ...more,
  });
  const asStaff = { cert: folder.read(staff.cert), key: folder.read(staff.key) };

  describe('are served', () => {
    const kirin = useKirin({ args: ['-c', folder.file('kirin.toml')], bind: [] });
    const environ = async (host: string, tls?: ConnectionOptions) => {
      const { http, https } = listeningPorts(kirin());
      const response = await ask(tls === undefined ? http : https, '/', host, tls);
      return response.status === 200 ? JSON.parse(response.body.toString()) : response.status;
    };

    it('each by its own', async () => {
      const seen = await environ('shop.example', known('shop.example'));
      assert.equal(seen.SSL_TLS_SNI, 'shop.example');
      assert.equal('SSL_CLIENT_VERIFY' in seen, false);
      const own = await environ('office.example', known('office.example', asStaff));
      assert.equal(own.SSL_CLIENT_S_DN, 'CN=staff,O=Kirin,C=DE');
    });

    it('to others by the first site’s', async () => {
      const client = await RawConnection.open({
        port: listeningPorts(kirin()).https,
        tls: { rejectUnauthorized: false },
      });
      assert.equal(client.secured.getPeerCertificate().subject.CN, 'shop');
      client.destroy();
    });

    it('only to clients that have what they ask for', async () => {
      assert.equal(await environ('office.example', known('shop.example')), 421);
      assert.equal(await environ('office.example'), 308);
      assert.equal((await environ('shop.example'))['wsgi.url_scheme'], 'http');
    });

    it('by HTTP/2 to who asks for it, though nobody has set that', async () => {
      const options = known('shop.example', { ALPNProtocols: ['h2', 'http/1.1'] });
      const client = await RawConnection.open({ port: listeningPorts(kirin()).https, tls: options });
      assert.equal(client.secured.alpnProtocol, 'h2');
      client.destroy();
    });

    it('to a client that takes its session up again, also with the next edge', async () => {
      const session = folder.file('session.pem');
      const client = (...words: string[]) =>
        run('openssl', [
          ...[
            's_client',
            '-connect',
            `127.0.0.1:${listeningPorts(kirin()).https}`,
            '-servername',
            'shop.example',
          ],
          ...['-CAfile', shop.cert, '-tls1_3', '-ign_eof', ...words],
        ]);
      assert.match(await client('-sess_out', session), /^New, TLSv1\.3/m);
      assert.match(await client('-sess_in', session), /^Reused, TLSv1\.3/m);
      const from = kirin().log().length;
      process.kill(kirin().edgePid(), 'SIGKILL');
      await kirin().waitForLog(/Listening again/, { from });
      assert.match(await client('-sess_in', session), /^Reused, TLSv1\.3/m);
    });

    it('as they were when the file has an error, which names site and file', async () => {
      const from = kirin().log().length;
      write('kirin.toml', { '"shop.key"': '"office.key"' });
      kirin().signal('SIGHUP');
      const wrong =
        /Not reloaded.*key \S+office\.key \(of the site shop\.example, \S+:8:7\): the private key does not belong to the certificate of certificate \S+shop\.pem/;
      await kirin().waitForLog(wrong, { from });
      assert.equal((await environ('shop.example', known('shop.example'))).SSL_TLS_SNI, 'shop.example');
    });
  });

  it('tell clients what the authority says of them, as long as that holds', async () => {
    const authority = folder.authority('authority');
    const signed = folder.certificate('signed', { hosts: ['signed.example'], by: authority });
    folder.ocspResponse(signed, authority);
    const toml = (ocsp: string) =>
      folder.write(
        'ocsp.toml',
        `
app = "environ_dump:app"
chdir = "${fixture('apps')}"
bind = "https://127.0.0.1:0"
[[sites]]
tls = { certificate = "signed.pem", key = "signed.key", ocsp = "${ocsp}" }
`,
      );
    const told = (port: number) =>
      run('openssl', [
        ...['s_client', '-connect', `127.0.0.1:${port}`, '-servername', 'signed.example'],
        ...['-status', '-CAfile', authority.cert, '-ign_eof'],
      ]);
    await withKirin({ args: ['-c', toml('signed.ocsp')], bind: [] }, async (kirin) => {
      const answer = await told(kirin.port);
      assert.match(answer, /OCSP Response Status: successful/);
      assert.match(answer, /Cert Status: good/);
      // Nobody is kept from coming by what is wrong with it.
      folder.write('signed.ocsp', 'nonsense');
      const timeoutMs = 40_000;
      await kirin.waitForLog(
        /WARNING\] ocsp \S+signed\.ocsp \(of the site of all other hosts.* is no answer of OCSP in DER form/,
        { timeoutMs },
      );
      assert.match(await told(kirin.port), /OCSP response: no response sent/);
    });
    const other = folder.certificate('another', { by: authority });
    folder.ocspResponse(other, authority);
    await withKirin({ args: ['-c', toml('another.ocsp')], bind: [] }, async (kirin) => {
      assert.match(kirin.log(), /another\.ocsp .* is about another certificate; clients are not told of it/);
      assert.match(await told(kirin.port), /OCSP response: no response sent/);
    });
  });

  const mistakes: readonly (readonly [what: string, changes: Record<string, string>, RegExp])[] = [
    [
      'that is missing',
      { 'shop.pem': 'shop.crt' },
      /certificate \S+shop\.crt \(of the site shop\.example, \S+:8:7\) cannot be read: there is no such file/,
    ],
    [
      'whose key has another password',
      { secret: 'guess' },
      /key \S+encrypted\.key \(of the site office.*is the passphrase right\?/,
    ],
    [
      'whose key has a password that is not given',
      { 'password = "secret", ': '' },
      /the private key is encrypted, and .* give its password/,
    ],
    [
      'without a key',
      { ', key = "shop.key"': '' },
      /shop\.pem \(of the site shop\.example.* holds no private key .* as key/,
    ],
    [
      'whose client_ca is none',
      { 'staff.pem': 'staff.key' },
      /client_ca \S+staff\.key \(of the site office.* holds no certificate/,
    ],
  ];
  for (const [what, changes, message] of mistakes) {
    it(`are told of a certificate ${what}`, async () => {
      const file = write(`mistake-${what.replaceAll(' ', '-')}.toml`, changes);
      const { code, log } = await runKirin({ args: ['-c', file], bind: [] });
      assert.equal(code, 1);
      assert.match(log, message);
    });
  }
});
