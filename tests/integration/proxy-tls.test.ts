import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import type { TLSSocket } from 'node:tls';
import { askSite } from '../support/ask-site.ts';
import { CertificateFolder, opensslIsMissing } from '../support/certificates.ts';
import { ProxyingKirin } from '../support/proxying-kirin.ts';

describe('a proxy to an encrypted upstream', { skip: opensslIsMissing }, () => {
  const certificates = new CertificateFolder();
  let server: Server;
  let asking: Server;
  let kirin: ProxyingKirin;

  before(async () => {
    const authority = certificates.authority('authority');
    const { cert, key } = certificates.certificate('upstream', { by: authority });
    const client = certificates.certificate('client', { by: authority });
    const pair = { cert: readFileSync(cert), key: readFileSync(key) };
    server = createServer(pair, (request, response) => {
      const { servername } = request.socket as TLSSocket & { readonly servername?: string | false };
      response.end(`${request.url} ${servername || 'nobody'}`);
    });
    asking = createServer(
      { ...pair, ca: readFileSync(authority.cert), requestCert: true, rejectUnauthorized: true },
      (request, response) => response.end((request.socket as TLSSocket).getPeerCertificate().subject.CN),
    );
    for (const each of [server, asking]) {
      await new Promise<void>((resolve) => each.listen(0, '127.0.0.1', resolve));
    }
    const port = portOf(server);
    const ca = `ca = "${authority.cert}"`;
    const shown = `certificate = "${client.cert}", key = "${client.key}"`;
    kirin = await ProxyingKirin.start(
      [
        route('/named', `https://localhost:${port}`, `{ ${ca} }`),
        route('/address', `https://127.0.0.1:${port}`, `{ ${ca} }`),
        route('/other', `https://127.0.0.1:${port}`, `{ ${ca}, name = "other.example" }`),
        route('/said', `https://127.0.0.1:${port}`, `{ ${ca}, name = "localhost" }`),
        route('/unknown', `https://localhost:${port}`, '{}'),
        route('/anybody', `https://localhost:${port}`, '{ verify = false }'),
        route('/shown', `https://localhost:${portOf(asking)}`, `{ ${ca}, ${shown} }`),
        route('/hidden', `https://localhost:${portOf(asking)}`, `{ ${ca} }`),
        `[[sites.routes]]\npath = "/plain"\nproxy = "http://localhost:${port}"`,
      ].join('\n'),
    );
  });

  after(async () => {
    await kirin?.stop();
    for (const each of [server, asking]) {
      each.closeAllConnections();
      each.close();
    }
    certificates.remove();
  });

  const portOf = (each: Server) => (each.address() as AddressInfo).port;
  const route = (path: string, to: string, tls: string) =>
    `[[sites.routes]]\npath = "${path}"\nproxy = { to = "${to}", tls = ${tls} }`;
  const ask = (target: string) => askSite(kirin.port, target);

  it('checks its certificate, and says whom it wants', async () => {
    assert.equal((await ask('/named')).text, '/named localhost');
    assert.equal((await ask('/said')).text, '/said localhost');
  });

  it('names no address by SNI, and checks it all the same', async () => {
    assert.equal((await ask('/address')).text, '/address nobody');
  });

  it('refuses certificates of others, and of authorities that it does not know', async () => {
    assert.equal((await ask('/other')).status, 502);
    await kirin.kirin.waitForLog(/for GET \/other: Hostname\/IP does not match .*: answered 502/);
    assert.equal((await ask('/unknown')).status, 502);
  });

  it('believes everybody where that is said', async () => {
    assert.equal((await ask('/anybody')).text, '/anybody localhost');
  });

  it('shows a certificate of its own', async () => {
    assert.equal((await ask('/shown')).text, 'client');
    assert.equal((await ask('/hidden')).status, 502);
  });

  it('does not use the connection of one route for another that believes others', async () => {
    assert.equal((await ask('/anybody')).status, 200);
    assert.equal((await ask('/unknown')).status, 502);
  });

  it('answers 502 where the upstream speaks TLS and should not', async () => {
    assert.equal((await ask('/plain')).status, 502);
  });
});
