import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AppFolder } from '../support/app-folder.ts';
import { ANY_VERSION, EACH_VERSION } from '../support/ask-site.ts';
import { useKirin } from '../support/shared-kirin.ts';

const APP = `
def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"inside"]
`;

const SITES = `
app = "main:app"
${ANY_VERSION}

[[sites]]
hosts = ["shop.example"]

[[sites.routes]]
pattern = "^/admin/(.*)$"
deny = "*"

[[sites.routes]]
exact = "/exact"
deny = "*"

[[sites.routes]]
path = "/folder"
deny = "*"

[[sites.routes]]
path = "/hidden"
internal = true

[[sites]]
hosts = ["open.example"]
`;

/** Ways to write paths that applications take for those of a closed route. */
const PATHS = [
  '/admin/',
  '/admin/a',
  '/admin/%0A',
  '/admin/%0Aa',
  '/admin/a%0Ab',
  '/admin/%E2%80%A8',
  '/%61dmin/a',
  '//admin/a',
  '/admin%2Fa',
  '/%2Fadmin/a',
  '/a/../admin/a',
  '/a/%2e%2e/admin/a',
  '/./admin/a',
  '/exact',
  '/exac%74',
  '/exact%0A',
  '/exact?a',
  '//exact',
  '/folder',
  '/folder/',
  '/folder/%0A',
  '/folder//a',
  '/folder%2f',
  '/hidden',
  '/hidden/a',
];

describe('a closed route', () => {
  const folder = new AppFolder({ 'main.py': APP, 'kirin.toml': SITES });
  const kirin = useKirin(() => ({ bind: [], cwd: folder.path }));

  for (const [version, ask] of EACH_VERSION) {
    it(`is closed however its path is written, by ${version}`, async () => {
      for (const path of PATHS) {
        for (const method of ['GET', 'HEAD', 'OPTIONS', 'POST', 'TRACE']) {
          const { status } = await ask(kirin().port, path, { method });
          assert.ok([400, 403, 404].includes(status), `${method} ${path}: ${status}`);
        }
      }
      const { text } = await ask(kirin().port, '/other%0Apath');
      assert.equal(text, 'inside');
    });

    it(`is closed however its host is written, by ${version}`, async () => {
      for (const host of ['SHOP.example', 'shop.example.', 'shop.example:80', 'shop.example.:8000']) {
        const { status } = await ask(kirin().port, '/folder/a', { host });
        assert.equal(status, 403, host);
      }
      const { status } = await ask(kirin().port, '/folder/a', { host: 'open.example' });
      assert.equal(status, 200);
    });
  }

  it('is that of the host in the target, whatever the Host field says', async () => {
    const [, ask] = EACH_VERSION[0] ?? assert.fail();
    const { status } = await ask(kirin().port, 'http://shop.example/folder/a', { host: 'open.example' });
    assert.equal(status, 403);
  });
});
