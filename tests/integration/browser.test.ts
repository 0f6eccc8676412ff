import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { WebSocketServer } from 'ws';
import { AppFolder } from '../support/app-folder.ts';
import { CertificateFolder, opensslIsMissing } from '../support/certificates.ts';
import { Chromium, chromiumIsMissing } from '../support/chromium.ts';
import { type KirinProcess, startKirin } from '../support/kirin.ts';
import { listeningPorts } from '../support/listening-ports.ts';

/** Screenshots are written here, where it is set. */
const PICTURES = process.env.KIRIN_TEST_PICTURES;

const APP = `
def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/html; charset=utf-8")])
    return ["<title>Shop</title><h1>Shop</h1><p id=scheme>{}</p>".format(environ["wsgi.url_scheme"]).encode()]
`;

describe('in a browser', { skip: chromiumIsMissing || opensslIsMissing }, () => {
  const certificates = new CertificateFolder();
  const server: Server = createServer();
  const sockets = new WebSocketServer({ server });
  let folder: AppFolder;
  let kirin: KirinProcess;
  let chromium: Chromium;
  let ports: { readonly http: number; readonly https: number };

  before(async () => {
    sockets.on('connection', (socket) => socket.on('message', (data) => socket.send(`echo ${data}`)));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { cert, key } = certificates.certificate('server');
    const other = certificates.certificate('other');
    folder = new AppFolder({
      'main.py': APP,
      'kirin.toml': `
app = "main:app"
workers = 1
bind = ["http://127.0.0.1:0", "https://127.0.0.1:0"]
certfile = "${cert}"
keyfile = "${key}"
http_protocols = "h2,h1"

[[sites]]
compress = true
[[sites.routes]]
path = "/live"
proxy = "http://127.0.0.1:${(server.address() as AddressInfo).port}"
[[sites.routes]]
path = "/files"
files = { folder = "files", listing = true }

[[sites]]
hosts = "localhost"
tls = { certificate = "${other.cert}", key = "${other.key}" }
`,
    });
    const files = join(folder.path, 'files');
    mkdirSync(join(files, 'archive'), { recursive: true });
    for (const name of ['notes.txt', 'a picture.svg', 'ä & ö <b>.txt']) {
      writeFileSync(join(files, name), 'some notes\n'.repeat(200));
    }
    kirin = await startKirin({ bind: [], cwd: folder.path });
    ports = listeningPorts(kirin);
    chromium = await Chromium.start();
  });

  after(async () => {
    await chromium?.stop();
    await kirin?.stop();
    sockets.close();
    server.closeAllConnections();
    server.close();
    folder.remove();
    certificates.remove();
  });

  async function picture(name: string): Promise<void> {
    if (PICTURES !== undefined) await chromium.screenshot(join(PICTURES, `${name}.png`));
  }

  it('two sites with certificates of their own are served by HTTP/2', async () => {
    for (const host of ['127.0.0.1', 'localhost']) {
      await chromium.open(`https://${host}:${ports.https}/`);
      await picture(`tls-${host}`);
      assert.equal(await chromium.evaluate('document.getElementById("scheme").textContent'), 'https');
      const protocol = 'performance.getEntriesByType("navigation")[0].nextHopProtocol';
      assert.equal(await chromium.evaluate(protocol), 'h2');
    }
  });

  it('a folder is a page on which every file can be opened', async () => {
    await chromium.open(`http://127.0.0.1:${ports.http}/files/`);
    await chromium.resize(1000, 700);
    await picture('listing');
    await chromium.resize(390, 700);
    await picture('listing-phone');
    const isWide = 'document.documentElement.scrollWidth > document.documentElement.clientWidth';
    assert.equal(await chromium.evaluate(isWide), false, 'it fits a phone');
    const links = '[...document.querySelectorAll("tbody a")].map(({ href }) => href)';
    const targets = (await chromium.evaluate(links)) as readonly string[];
    assert.equal(targets.length, 4);
    for (const target of targets) assert.equal((await fetch(target)).status, 200, target);
  });

  it('a folder is sorted by a click, and back by another', async () => {
    await chromium.open(`http://127.0.0.1:${ports.http}/files/`);
    for (const [column, expected] of [
      ['name', 'descending'],
      ['size', 'ascending'],
      ['size', 'descending'],
      ['modified', 'ascending'],
    ]) {
      const link = `[...document.querySelectorAll('th a')].find(({ href }) => href.includes('sort=${column}')).href`;
      await chromium.open(String(await chromium.evaluate(link)));
      const sorted = `document.querySelector('th[aria-sort]')`;
      assert.equal(await chromium.evaluate(`${sorted}.getAttribute('aria-sort')`), expected, column);
      assert.match(
        String(await chromium.evaluate(`${sorted}.textContent`)).toLowerCase(),
        new RegExp(`^${column}`),
      );
    }
  });

  it('what is compressed is read', async () => {
    await chromium.open(`https://127.0.0.1:${ports.https}/files/`);
    const sizes = `(({ encodedBodySize, decodedBodySize }) => [encodedBodySize, decodedBodySize])(performance.getEntriesByType('navigation')[0])`;
    const [encoded, decoded] = (await chromium.evaluate(sizes)) as readonly [number, number];
    assert.ok(encoded > 0 && encoded < decoded / 2, `${encoded} of ${decoded}`);
    assert.match(String(await chromium.evaluate('document.body.textContent')), /notes\.txt/);
  });

  it('a WebSocket goes through to the upstream, from a page by HTTP and one by HTTPS', async () => {
    for (const [page, socket] of [
      [`http://127.0.0.1:${ports.http}/`, `ws://127.0.0.1:${ports.http}/live`],
      [`https://127.0.0.1:${ports.https}/`, `wss://127.0.0.1:${ports.https}/live`],
    ]) {
      await chromium.open(page as string);
      const said = await chromium.evaluate(`new Promise((resolve, reject) => {
        const socket = new WebSocket(${JSON.stringify(socket)});
        socket.onopen = () => socket.send('hello');
        socket.onmessage = ({ data }) => { document.body.append(data); resolve(data); };
        socket.onerror = () => reject(new Error('the socket failed'));
      })`);
      await picture(`socket-${(page as string).split(':')[0]}`);
      assert.equal(said, 'echo hello');
    }
  });
});
