import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { ANY_VERSION, askSite, EACH_VERSION } from '../support/ask-site.ts';
import { HttpUpstream, valuesOf } from '../support/fake-upstream.ts';
import { ProxyingKirin } from '../support/proxying-kirin.ts';

describe('a cache between other layers', () => {
  const upstream = new HttpUpstream();
  let kirin: ProxyingKirin;

  before(async () => {
    await upstream.start();
    const to = `http://127.0.0.1:${upstream.port}`;
    kirin = await ProxyingKirin.start(
      `
cache = "pages"

[[sites.routes]]
path = "/vary"
proxy = "${to}"

[[sites.routes]]
path = "/accel"
proxy = "${to}"

[[sites.routes]]
path = "/files"
internal = true
files = "files"

[[sites.routes]]
path = "/try"
files = { folder = "files", missing = "@named" }

[[sites.routes]]
name = "named"
internal = true
proxy = "${to}"
`,
      `${ANY_VERSION}\n[caches.pages]\n`,
    );
    kirin.folder.writeIn('files', 'a.txt', '0123456789');
  });

  after(async () => {
    await kirin.stop();
    await upstream.stop();
  });

  it('does not keep what was answered without a field for those who send it', async () => {
    upstream.answer = (request, response) => {
      response.setHeader('Cache-Control', 'max-age=600');
      response.setHeader('Vary', 'Accept-Language');
      response.end(valuesOf(request, 'accept-language').join() || 'none');
    };
    const fields = { 'Accept-Language': 'de' };
    const hiding = { ...fields, Connection: 'accept-language' };
    const [hidden, plain, again] = [
      await askSite(kirin.port, '/vary', { fields: hiding }),
      await askSite(kirin.port, '/vary', { fields }),
      await askSite(kirin.port, '/vary', { fields: { ...fields, Connection: 'keep-alive, TE' } }),
    ];
    assert.deepEqual([hidden.text, plain.text, again.text], ['none', 'de', 'de']);
    assert.match(again.headers.get('cache-status') ?? '', /hit/);
  });

  for (const [version, ask] of EACH_VERSION) {
    it(`leaves conditions and ranges to whoever answers in the end, by ${version}`, async () => {
      upstream.answer = (_, response) => {
        response.setHeader('X-Accel-Redirect', '/files/a.txt');
        response.end();
      };
      const part = await ask(kirin.port, '/accel', { fields: { Range: 'bytes=2-4' } });
      assert.deepEqual([part.status, part.text], [206, '234']);
      const whole = await ask(kirin.port, '/accel');
      const tag = whole.headers.get('etag') ?? assert.fail('it has no ETag');
      const known = await ask(kirin.port, '/accel', { fields: { 'If-None-Match': tag } });
      assert.deepEqual([whole.text, known.status], ['0123456789', 304]);
    });

    it(`lets a route with a name see what was asked, by ${version}`, async () => {
      upstream.answer = ({ method }, response) => {
        response.setHeader('X-Method', method);
        response.end('proxied');
      };
      const head = await ask(kirin.port, `/try/none-${version}`, {
        method: 'HEAD',
        fields: { 'If-None-Match': '"a"' },
      });
      assert.deepEqual([head.status, head.text], [200, '']);
    });
  }
});
