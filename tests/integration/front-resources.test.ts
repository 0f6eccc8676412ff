import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { ANY_VERSION, EACH_VERSION } from '../support/ask-site.ts';
import { RawUpstream } from '../support/fake-upstream.ts';
import { ProxyingKirin } from '../support/proxying-kirin.ts';
import { waitFor } from '../support/wait-for.ts';

describe('a response that nobody wants any more', () => {
  const piece = Buffer.alloc(16384, 'a');
  const endless = new RawUpstream((socket) => {
    const goOn = () => {
      while (!socket.destroyed && socket.write(piece));
    };
    socket.once('data', (data: Buffer) => {
      const isKept = data.includes('/kept');
      if (isKept || data.includes('/unkept')) {
        const said = isKept ? 'max-age=600' : 'no-store';
        socket.write(`HTTP/1.1 200 OK\r\nCache-Control: ${said}\r\nETag: "a"\r\n\r\n`);
        socket.on('drain', goOn);
        goOn();
        return;
      }
      const isRedirect = data.includes('/accel');
      socket.write(
        isRedirect
          ? 'HTTP/1.1 200 OK\r\nX-Accel-Redirect: /pages/a.txt\r\n\r\n'
          : 'HTTP/1.1 500 No\r\nContent-Type: text/plain\r\n\r\n',
      );
      socket.on('drain', goOn);
      goOn();
    });
  });
  let kirin: ProxyingKirin;

  before(async () => {
    await endless.start();
    kirin = await ProxyingKirin.start(
      `
error_pages = { 500 = "/pages/a.txt", intercept = true }

[[sites.routes]]
path = "/compressed"
proxy = "http://127.0.0.1:${endless.port}"
compress = true

[[sites.routes]]
path = "/cached"
proxy = "http://127.0.0.1:${endless.port}"
cache = "pages"

[[sites.routes]]
path = "/pages"
internal = true
files = "pages"

[[sites.routes]]
path = "/"
proxy = "http://127.0.0.1:${endless.port}"
`,
      `${ANY_VERSION}\n[caches.pages]\n`,
    );
    kirin.folder.writeIn('pages', 'a.txt', 'the page');
  });

  after(async () => {
    await kirin.stop();
    await endless.stop();
  });

  for (const [version, ask] of EACH_VERSION) {
    for (const path of ['/error', '/accel', '/compressed/error', '/compressed/accel', '/cached/accel']) {
      it(`is not read for ever: ${path} by ${version}`, async () => {
        const { text } = await ask(kirin.port, path, { fields: { 'Accept-Encoding': 'gzip' } });
        assert.equal(text, 'the page');
        await waitFor(() => endless.open === 0);
      });
    }

    for (const path of ['/cached/kept', '/cached/unkept']) {
      it(`is not read for ever for a cache that cannot keep it: ${path} by ${version}`, async () => {
        const head = await ask(kirin.port, `${path}?head-${version}`, { method: 'HEAD' });
        assert.deepEqual([head.status, head.headers.get('etag')], [200, '"a"']);
        await waitFor(() => endless.open === 0);
        const known = await ask(kirin.port, `${path}?known-${version}`, {
          fields: { 'If-None-Match': '"a"' },
        });
        assert.equal(known.status, 304);
        await waitFor(() => endless.open === 0);
      });
    }
  }
});
