// An authority that answers what Pebble does not: it has had enough, breaks off, says nothing that can be read.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { CertificateFolder, opensslIsMissing } from '../support/certificates.ts';
import { runKirin, startKirin } from '../support/kirin.ts';
import { signalIfAlive } from '../support/processes.ts';
import { fixture } from '../support/project.ts';
import { waitFor } from '../support/wait-for.ts';

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

const PROBLEM = { 'Content-Type': 'application/problem+json' };

describe('an authority that gives no certificate', { skip: opensslIsMissing }, () => {
  const folder = new CertificateFolder();
  let server: Server;
  let answerOrder: Answer = () => {};
  let orders = 0;

  before(async () => {
    const authority = folder.authority('authority');
    const own = folder.certificate('own', { by: authority });
    server = createServer({ cert: folder.read(own.cert), key: folder.read(own.key) }, (request, response) => {
      const base = `https://localhost:${(server.address() as AddressInfo).port}`;
      response.setHeader('Replay-Nonce', 'bm9uY2U');
      if (request.url === '/dir') {
        const urls = { newNonce: `${base}/nonce`, newAccount: `${base}/account`, newOrder: `${base}/order` };
        response.setHeader('Content-Type', 'application/json').end(JSON.stringify(urls));
      } else if (request.url === '/account') {
        response.writeHead(201, { Location: `${base}/account/1`, 'Content-Type': 'application/json' });
        response.end('{"status":"valid"}');
      } else if (request.url === '/order') {
        orders++;
        answerOrder(request, response);
      } else {
        response.end();
      }
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  after(() => {
    server?.close();
    server?.closeAllConnections();
    folder.remove();
  });

  const start = (name: string) => startKirin({ args: ['-c', write(name)], bind: [] });

  function write(name: string, ca = folder.file('authority.pem')): string {
    return folder.write(
      `${name}.toml`,
      `app = "environ_dump:app"
chdir = "${fixture('apps')}"
bind = ["http://127.0.0.1:0", "https://127.0.0.1:0"]
acme_directory = "https://localhost:${(server.address() as AddressInfo).port}/dir"
acme_ca = "${ca}"
acme_folder = "${folder.file(name)}"
acme_pause = 0.5
[[sites]]
hosts = "shop.test"
tls = "automatic"
`,
    );
  }

  it('since it has had enough is left alone for as long as it wants, also after a reload and a restart', async () => {
    answerOrder = (_, response) => {
      response.writeHead(429, { ...PROBLEM, 'Retry-After': '7200' });
      const problem = { type: 'urn:ietf:params:acme:error:rateLimited', detail: 'too many certificates' };
      response.end(JSON.stringify(problem));
    };
    const from = orders;
    const first = await start('limited');
    await first.waitForLog(
      /No certificate for shop\.test: too many certificates; it is tried again in 2(\.\d)? h/,
    );
    first.signal('SIGHUP');
    await first.waitForLog(/Ready: 1 worker, generation 2/);
    await first.stop();
    const [authority = ''] = readdirSync(folder.file('limited'));
    const failures = JSON.parse(
      readFileSync(join(folder.file('limited'), authority, 'shop.test.json'), 'utf8'),
    );
    assert.ok(failures.notBeforeMs > Date.now() + 6_000_000, JSON.stringify(failures));
    const second = await start('limited');
    await second.stop();
    assert.doesNotMatch(second.log(), /Obtaining/);
    assert.equal(orders, from + 1);
  });

  it('but breaks off, or says what nobody understands, is asked again later', async () => {
    let asked = 0;
    answerOrder = (request, response) => {
      asked++;
      if (asked === 1) request.socket.destroy();
      else response.writeHead(500).end('<html>no');
    };
    const kirin = await start('broken');
    await kirin.waitForLog(
      /No certificate for shop\.test: localhost:\d+ cannot be reached: socket hang up; it is tried again in 0\.\d s/,
    );
    await kirin.waitForLog(/No certificate for shop\.test: .*500.*; it is tried again in 5(\.\d)? s/);
    await kirin.stop();
  });

  it('since its certificate is not trusted is named with that', async () => {
    const { cert } = folder.authority('other');
    const kirin = await startKirin({ args: ['-c', write('untrusted', cert)], bind: [] });
    await kirin.waitForLog(
      /No certificate for shop\.test: localhost:\d+ cannot be reached: .*(certificate|signature)/,
    );
    await kirin.stop();
  });

  it('holds up neither a stop nor, when the process that asks has died, the next attempt', async () => {
    const hanging = orders;
    answerOrder = () => {};
    const kirin = await start('silent');
    await waitFor(() => orders > hanging, { what: 'an order', details: () => kirin.log() });
    const acme = kirin.processes().find(({ command }) => command.includes('kirin: acme'));
    assert.ok(acme);
    signalIfAlive(acme.pid, 'SIGKILL');
    await kirin.waitForLog(
      /No certificate for shop\.test: the process that was to obtain it .*SIGKILL.*; it is tried again in/,
    );
    await waitFor(() => orders > hanging + 1, { what: 'another order', details: () => kirin.log() });
    await kirin.stop();
  });

  it('is not even asked where certificates could not be kept, or its own not be checked', async () => {
    folder.write('full', 'a file');
    const full = await runKirin({ args: ['-c', write('full')], bind: [] });
    assert.equal(full.code, 1);
    assert.match(
      full.log,
      /kirin: the certificate of the site shop\.test, \S+full\.toml:\d+:1, cannot be kept: ENOTDIR/,
    );
    const unknown = await runKirin({ args: ['-c', write('unknown', '/nowhere.pem')], bind: [] });
    assert.equal(unknown.code, 1);
    assert.match(
      unknown.log,
      /kirin: acme_ca \/nowhere\.pem \(from \S+unknown\.toml\) cannot be read: ENOENT/,
    );
    const empty = await runKirin({ args: ['-c', write('empty', folder.file('full'))], bind: [] });
    assert.equal(empty.code, 1);
    assert.match(empty.log, /kirin: acme_ca \S+full \(from \S+\) holds no certificate in PEM form/);
  });
});
