import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import type { ConnectionOptions } from 'node:tls';
import { CertificateFolder, opensslIsMissing } from '../support/certificates.ts';
import type { KirinProcess } from '../support/kirin.ts';
import { RawConnection } from '../support/raw-connection.ts';
import { useKirin } from '../support/shared-kirin.ts';

describe('client certificates', { skip: opensslIsMissing }, () => {
  const folder = new CertificateFolder();
  const authority = folder.authority('authority');
  const server = folder.certificate('server', { by: authority });
  const anna = folder.certificate('anna', { by: authority });
  const stranger = folder.certificate('stranger');
  const TLS = ['--certfile', server.cert, '--keyfile', server.key, '--ca-certs', authority.cert];
  after(() => folder.remove());

  const of = ({ cert, key }: typeof anna): ConnectionOptions => ({
    cert: folder.read(cert),
    key: folder.read(key),
  });
  const environ = async (kirin: KirinProcess, options: ConnectionOptions = {}) => {
    const tls = { ca: folder.read(authority.cert), servername: 'localhost', ...options };
    const client = await RawConnection.open({ port: kirin.port, tls });
    try {
      client.send('GET / HTTP/1.1\r\nHost: a\r\nSSL_CLIENT_VERIFY: SUCCESS\r\n\r\n');
      return JSON.parse((await client.readResponse()).body.toString());
    } finally {
      client.destroy();
    }
  };

  describe('that are required', () => {
    const kirin = useKirin({ app: 'environ_dump:app', args: [...TLS, '--cert-reqs', '2'] });

    it('are told to the application', async () => {
      const variables = await environ(kirin(), of(anna));
      assert.equal(variables.SSL_CLIENT_VERIFY, 'SUCCESS');
      assert.equal(variables.SSL_CLIENT_S_DN, 'CN=anna,O=Kirin,C=DE');
      assert.equal(variables.SSL_CLIENT_I_DN, 'CN=authority,O=Kirin,C=DE');
      assert.equal(variables.SSL_CLIENT_CERT.trim(), folder.read(anna.cert).trim());
      assert.match(variables.SSL_CLIENT_M_SERIAL, /^[0-9A-F]+$/);
    });

    it('must be there', async () => {
      await assert.rejects(environ(kirin()));
      await kirin().waitForLog(/TLS handshake with ip=127\.0\.0\.1 failed: /);
    });

    it('must have been signed by the authority', async () => {
      await assert.rejects(environ(kirin(), of(stranger)));
    });

    it('count for a session that is taken up again', async () => {
      const tls = { ca: folder.read(authority.cert), servername: 'localhost', ...of(anna) };
      const options = { ...tls, maxVersion: 'TLSv1.2' } as const;
      const first = await RawConnection.open({ port: kirin().port, tls: options });
      const session = first.secured.getSession();
      const variables = await environ(kirin(), { ...options, ...(session === undefined ? {} : { session }) });
      assert.equal(variables.SSL_CLIENT_S_DN, 'CN=anna,O=Kirin,C=DE');
      first.destroy();
    });
  });

  describe('that are optional', () => {
    const kirin = useKirin({ app: 'environ_dump:app', args: [...TLS, '--cert-reqs', '1'] });

    it('are told to the application', async () => {
      assert.equal((await environ(kirin(), of(anna))).SSL_CLIENT_S_DN, 'CN=anna,O=Kirin,C=DE');
    });

    it('need not be there', async () => {
      const variables = await environ(kirin());
      assert.equal(variables.SSL_CLIENT_VERIFY, 'NONE');
      assert.equal('SSL_CLIENT_S_DN' in variables, false);
    });

    it('must have been signed by the authority when they are there', async () => {
      await assert.rejects(environ(kirin(), of(stranger)));
      await kirin().waitForLog(/failed: the client's certificate is not taken: /);
    });
  });
});
