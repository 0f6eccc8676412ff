import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import type { ConnectionOptions } from 'node:tls';
import { CertificateFolder, opensslIsMissing } from '../support/certificates.ts';
import { type KirinProcess, runKirin, withKirin } from '../support/kirin.ts';
import { RawConnection } from '../support/raw-connection.ts';

describe('ssl_context of a configuration file', { skip: opensslIsMissing }, () => {
  const folder = new CertificateFolder();
  const authority = folder.authority('authority');
  const server = folder.certificate('server', { by: authority });
  const anna = folder.certificate('anna', { by: authority });
  const encrypted = folder.file('encrypted.key');
  folder.openssl('pkey', '-in', server.key, '-aes256', '-passout', 'pass:secret', '-out', encrypted);
  after(() => folder.remove());

  const usual = ['--certfile', server.cert, '--keyfile', server.key];
  const options = (hook: string, args: readonly string[] = usual) => {
    const body = hook
      .trim()
      .split('\n')
      .map((line) => `    ${line}\n`);
    const file = `import ssl\ndef ssl_context(config, default_ssl_context_factory):\n${body.join('')}`;
    return { app: 'environ_dump:app', args: [...args, '-c', folder.write('gunicorn.conf.py', file)] };
  };
  const open = ({ port }: KirinProcess, tls: ConnectionOptions = {}) =>
    RawConnection.open({ port, tls: { ca: folder.read(authority.cert), servername: 'localhost', ...tls } });
  const environ = async (kirin: KirinProcess, tls: ConnectionOptions = {}) => {
    const client = await open(kirin, tls);
    client.send('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
    return JSON.parse((await client.readResponse()).body.toString());
  };

  it('may raise the version', async () => {
    const hook = `
context = default_ssl_context_factory()
context.minimum_version = ssl.TLSVersion.TLSv1_3
return context`;
    await withKirin(options(hook), async (kirin) => {
      assert.equal((await environ(kirin)).SSL_PROTOCOL, 'TLSv1.3');
      await assert.rejects(open(kirin, { maxVersion: 'TLSv1.2' }));
    });
  });

  it('may lower it, and choose ciphers', async () => {
    const hook = `
context = default_ssl_context_factory()
context.options |= ssl.OP_NO_TLSv1_3
context.set_ciphers("ECDHE-ECDSA-AES256-GCM-SHA384")
return context`;
    await withKirin(options(hook), async (kirin) => {
      const { SSL_PROTOCOL, SSL_CIPHER } = await environ(kirin);
      assert.deepEqual([SSL_PROTOCOL, SSL_CIPHER], ['TLSv1.2', 'ECDHE-ECDSA-AES256-GCM-SHA384']);
    });
  });

  it('may make a context of its own, with another certificate, an encrypted key and an authority', async () => {
    const hook = `
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(config.certfile, ${JSON.stringify(encrypted)}, lambda: "secret")
context.load_verify_locations(cadata=open(${JSON.stringify(authority.cert)}).read())
context.verify_mode = ssl.CERT_REQUIRED
return context`;
    await withKirin(options(hook, ['--certfile', server.cert]), async (kirin) => {
      const client = { cert: folder.read(anna.cert), key: folder.read(anna.key) };
      assert.equal((await environ(kirin, client)).SSL_CLIENT_S_DN, 'CN=anna,O=Kirin,C=DE');
      await assert.rejects(environ(kirin));
    });
  });

  it('is told of settings on the command line', async () => {
    const hook = `
assert config.ciphers == "ECDHE+AESGCM", config.ciphers
assert config.cert_reqs == 0
return default_ssl_context_factory()`;
    await withKirin(
      options(hook, [...usual, '--ciphers', 'ECDHE+AESGCM', '--cert-reqs', '0']),
      async (kirin) => {
        assert.equal((await environ(kirin)).HTTPS, 'on');
      },
    );
  });

  it('that does what cannot be carried over is told of in a warning', async () => {
    const hook = `
context = default_ssl_context_factory()
context.sni_callback = lambda *arguments: None
return context`;
    await withKirin(options(hook), async (kirin) => {
      assert.match(
        kirin.log(),
        /\[WARNING\] ssl_context of the configuration file: not carried over: sni_callback\n/,
      );
      assert.doesNotMatch(kirin.log(), /hooks are not run/);
    });
  });

  it('that asks for lists of revoked certificates is refused', async () => {
    const hook = `
context = default_ssl_context_factory()
context.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF
return context`;
    const { code, log } = await runKirin(options(hook));
    assert.match(log, /asks for lists of revoked certificates \(verify_flags\), which are not supported/);
    assert.equal(code, 1);
  });

  it('that fails ends the start with its traceback', async () => {
    const { code, log } = await runKirin(options('return config.no_such_setting'));
    assert.match(
      log,
      /line 3, in ssl_context\n[\s\S]*AttributeError: 'Config' object has no attribute 'no_such_setting'/,
    );
    assert.equal(code, 1);
  });

  it('that returns no context ends the start', async () => {
    const { code, log } = await runKirin(options('return None'));
    assert.match(log, /TypeError: ssl_context must return an ssl\.SSLContext/);
    assert.equal(code, 1);
  });

  it('is not called where there is no certificate', async () => {
    await withKirin(options('raise RuntimeError("called")', []), async (kirin) => {
      assert.match(kirin.log(), /Listening at: http:/);
    });
  });
});
