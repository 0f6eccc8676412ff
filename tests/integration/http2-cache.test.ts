import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { AppFolder, answering } from '../support/app-folder.ts';
import { ScriptedOrigin } from '../support/cache/scripted-origin.ts';
import { CertificateFolder, opensslIsMissing } from '../support/certificates.ts';
import { answerOf, openHttp2, request } from '../support/http2-client.ts';
import { type KirinProcess, startKirin } from '../support/kirin.ts';
import { waitFor } from '../support/wait-for.ts';

const FRESH = ['Cache-Control: max-age=600', 'ETag: "a"'];

describe('the cache of a route, over HTTP/2', { skip: opensslIsMissing }, () => {
  const certificates = new CertificateFolder();
  let origin: ScriptedOrigin;
  let folder: AppFolder;
  let kirin: KirinProcess;
  let session: ReturnType<typeof openHttp2>;

  before(async () => {
    const { cert, key } = certificates.certificate('server');
    origin = await ScriptedOrigin.start();
    folder = new AppFolder({
      'main.py': answering('app'),
      'kirin.toml': `
app = "main:app"
bind = "127.0.0.1:0"
certfile = "${cert}"
keyfile = "${key}"
http_protocols = "h2,h1"
[caches.memory]
[caches.files]
folder = "kept"
[[sites]]
[[sites.routes]]
path = "/memory"
proxy = "http://127.0.0.1:${origin.port}"
cache = "memory"
[[sites.routes]]
path = "/files"
proxy = "http://127.0.0.1:${origin.port}"
cache = { in = "files", lock_timeout = "30s" }
rate_limit = { rate = "1000/s", burst = 1000, delay = true }
connection_limit = 100
`,
    });
    kirin = await startKirin({ bind: [], cwd: folder.path });
    session = openHttp2(kirin.port, { ca: readFileSync(cert) });
  });

  after(async () => {
    session.close();
    await kirin.stop();
    await origin.stop();
    folder.remove();
    certificates.remove();
  });

  const ask = (path: string, fields: Readonly<Record<string, string>> = {}) =>
    answerOf(request(session, { ':path': path, ...fields }));

  for (const kind of ['memory', 'files']) {
    it(`answers from ${kind}: whole, in part, and not at all where nothing has changed`, async () => {
      const path = `/${kind}/large`;
      const body = 'x'.repeat(400_000);
      origin.script(path, [{ fields: FRESH, body }]);
      const first = await ask(path);
      const second = await ask(path);
      assert.deepEqual([first.body.length, second.body.length], [400_000, 400_000]);
      assert.equal(second.fields['content-length'], '400000');
      assert.ok(second.fields.age !== undefined);
      const part = await ask(path, { range: 'bytes=399990-' });
      assert.deepEqual([part.status, part.body.toString()], [206, 'x'.repeat(10)]);
      assert.equal((await ask(path, { 'if-none-match': '"a"' })).status, 304);
      const head = await ask(path, { ':method': 'HEAD' });
      assert.deepEqual([head.fields['content-length'], head.body.length], ['400000', 0]);
      assert.equal(origin.seen(path).length, 1);
    });
  }

  it('has the origin asked once for many streams, also when the first is reset', async () => {
    let open: () => void = () => {};
    const isOpen = new Promise<void>((resolve) => {
      open = resolve;
    });
    origin.script('/files/once', [{ fields: FRESH, until: () => isOpen }]);
    const first = request(session, { ':path': '/files/once' });
    await waitFor(() => origin.seen('/files/once').length === 1, { what: 'the first' });
    const others = Array.from({ length: 50 }, () => ask('/files/once'));
    await ask('/memory/large');
    first.close(8);
    await ask('/memory/large');
    open();
    for (const { status, body } of await Promise.all(others))
      assert.deepEqual([status, body.toString()], [200, '1']);
    assert.equal(origin.seen('/files/once').length, 1);
  });
});
