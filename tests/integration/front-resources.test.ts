import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { ANY_VERSION, EACH_VERSION } from '../support/ask-site.ts';
import { RawUpstream } from '../support/fake-upstream.ts';
import { ProxyingKirin } from '../support/proxying-kirin.ts';
import { waitFor } from '../support/wait-for.ts';

describe('a response whose place another has taken', () => {
  const piece = Buffer.alloc(16384, 'a');
  const endless = new RawUpstream((socket) => {
    const goOn = () => {
      while (!socket.destroyed && socket.write(piece));
    };
    socket.once('data', (data: Buffer) => {
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
  }
});
