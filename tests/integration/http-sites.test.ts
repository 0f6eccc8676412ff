import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { AppFolder } from '../support/app-folder.ts';
import { type KirinProcess, runKirin, startKirin } from '../support/kirin.ts';
import { projectRoot } from '../support/project.ts';
import { RawConnection } from '../support/raw-connection.ts';

const APP = `
def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [("app " + environ["PATH_INFO"]).encode("latin-1")]
`;

const SITES = `
app = "main:app"
bind = ["127.0.0.1:0", "unix:kirin.sock"]
secure_scheme_headers = { X-Forwarded-Proto = "https" }

[[sites]]
hosts = ["shop.example", "*.shop.example"]

[[sites.routes]]
path = "/admin"
allow = ["192.0.2.0/24"]

[[sites.routes]]
path = "/open"
deny = ["192.0.2.0/24"]

[[sites.routes]]
path = "/closed"
deny = ["127.0.0.0/8"]

[[sites.routes]]
pattern = "^/old/([^/]+)/(.*)$"
redirect = "https://$host/new/$2/$1?$query"
status = 301

[[sites.routes]]
path = "/moved"
redirect = "$request_uri/"

[[sites.routes]]
exact = "/scheme"
redirect = "$scheme://$host$path"

[[sites.routes]]
exact = "/ping"
respond = "pöng"

[[sites.routes]]
exact = "/gone"
respond = 410

[[sites.routes]]
exact = "/json"
respond = { status = 503, body = "{}", type = "application/json" }

[[sites.routes]]
methods = ["DELETE", "PUT"]
respond = 405

[[sites.routes]]
path = "/static"
files = { folder = "one", expires = "1h" }

[[sites.routes]]
path = "/private"
files = "one"
deny = "127.0.0.1"

[[sites.routes]]
exact = "/favicon.ico"
files = "one/icon"

[[sites.routes]]
path = "/try"
files = { root = "one", missing = "next" }

[[sites.routes]]
exact = "/try/answered"
respond = "by the next"

[[sites]]
hosts = "forms.example"

[[sites.routes]]
port = 1
respond = "another port"

[[sites.routes]]
path = "/below/"
respond = "below"

[[sites.routes]]
pattern = "\\\\.PHP$"
ignore_case = true
respond = 410

[[sites.routes]]
exact = "/empty"
respond = 204

[[sites.routes]]
exact = "/asked"
redirect = "/answered$is_args$args"

[[sites]]
hosts = "files.example"
[[sites.routes]]
path = "/static"
files = "two"

[[sites]]
hosts = "www.shop.example"
routes = [{ redirect = "https://shop.example$request_uri" }]

[[sites]]
hosts = "plain.example"
`;

describe('sites', () => {
  let folder: AppFolder;
  let kirin: KirinProcess;

  before(async () => {
    folder = new AppFolder({ 'main.py': APP, 'kirin.toml': SITES });
    folder.writeIn('one', 'a.txt', 'one');
    folder.writeIn('one', 'icon', 'icon');
    folder.writeIn('one/try', 'b.txt', 'tried');
    folder.writeIn('two', 'a.txt', 'two');
    kirin = await startKirin({ bind: [], cwd: folder.path });
  });

  after(async () => {
    await kirin.stop();
    folder.remove();
  });

  /** Status, the Location, and the body. */
  async function ask(host: string, target: string, { method = 'GET', fields = '' } = {}) {
    const connection = await RawConnection.open({ port: kirin.port });
    try {
      connection.send(`${method} ${target} HTTP/1.1\r\nHost: ${host}\r\n${fields}\r\n`);
      const response = await connection.readResponse({ method });
      const headers = new Map(response.fields.map(([name, value]) => [name.toLowerCase(), value]));
      const { status, body } = response;
      return { status, location: headers.get('location') ?? null, headers, body: body.toString('utf8') };
    } finally {
      connection.destroy();
    }
  }

  it('are chosen by the host', async () => {
    assert.equal((await ask('shop.example', '/')).body, 'app /');
    assert.equal((await ask('SHOP.example:8000', '/')).body, 'app /');
    assert.equal((await ask('a.shop.example', '/ping')).body, 'pöng');
    assert.equal((await ask('plain.example', '/ping')).body, 'app /ping');
    assert.equal((await ask('www.shop.example', '/a?b=c')).location, 'https://shop.example/a?b=c');
    assert.equal((await ask('other.example', '/')).status, 421);
  });

  it('leave to the application what no route takes, as it was sent', async () => {
    assert.equal((await ask('shop.example', '//a%2Fb')).body, 'app //a/b');
  });

  it('are for what lies below a path, for a port, for small letters and capitals', async () => {
    assert.equal((await ask('forms.example', '/below/a')).body, 'below');
    assert.equal((await ask('forms.example', '/below/')).body, 'below');
    assert.equal((await ask('forms.example', '/below')).body, 'app /below');
    assert.equal((await ask('forms.example', '/a.Php')).status, 410);
    assert.equal((await ask('forms.example', '/a.phpx')).body, 'app /a.phpx');
    assert.equal((await ask('forms.example', '/asked?a=b')).location, '/answered?a=b');
    assert.equal((await ask('forms.example', '/asked')).location, '/answered');
    const { status, headers } = await ask('forms.example', '/empty');
    assert.deepEqual(
      [status, headers.get('content-length'), headers.get('content-type')],
      [204, undefined, undefined],
    );
  });

  const denied = [
    '/admin',
    '/admin/x',
    '/%61dmin/x',
    '//admin/x',
    '/admin%2Fx',
    '/%2Fadmin',
    '/closed',
    '/cl%6Fsed',
  ];
  for (const target of denied) {
    it(`keep out who may not ask for ${target}`, async () => {
      assert.equal((await ask('shop.example', target)).status, 403);
    });
  }

  it('let in who may', async () => {
    assert.equal((await ask('shop.example', '/open')).body, 'app /open');
    assert.equal((await ask('shop.example', '/administration')).body, 'app /administration');
  });

  it('refuse paths that can be read in two ways', async () => {
    for (const target of ['/a/../admin', '/./admin', '/a/%2e%2e/admin', '/%zz', '/a%2F..%2Fadmin']) {
      assert.equal((await ask('shop.example', target)).status, 400, target);
    }
  });

  it('redirect', async () => {
    const old = await ask('shop.example', '/old/a%20b/c/d?q=1');
    assert.equal(old.status, 301);
    assert.equal(old.location, 'https://shop.example/new/c/d/a%20b?q=1');
    const moved = await ask('shop.example', '/moved/x?y');
    assert.deepEqual([moved.status, moved.location], [308, '/moved/x?y/']);
  });

  it('never redirect to another host, nor into another field, by what a path holds', async () => {
    assert.equal((await ask('shop.example', '//moved/x')).location, '/moved/x/');
    assert.equal(
      (await ask('shop.example', '/old/a%0D%0AX-A:1/b')).location,
      'https://shop.example/new/b/a%0D%0AX-A:1?',
    );
    assert.equal((await ask('shop.example', '/old/%C3%A4/b')).location, 'https://shop.example/new/b/%C3%A4?');
  });

  it('know the scheme that a trusted proxy tells', async () => {
    assert.equal((await ask('shop.example', '/scheme')).location, 'http://shop.example/scheme');
    const secured = await ask('shop.example', '/scheme', { fields: 'X-Forwarded-Proto: https\r\n' });
    assert.equal(secured.location, 'https://shop.example/scheme');
  });

  it('answer by themselves', async () => {
    const ping = await ask('shop.example', '/ping');
    assert.deepEqual([ping.status, ping.body], [200, 'pöng']);
    assert.equal(ping.headers.get('content-length'), '5');
    assert.equal((await ask('shop.example', '/ping', { method: 'HEAD' })).body, '');
    assert.equal((await ask('shop.example', '/gone')).status, 410);
    const json = await ask('shop.example', '/json');
    assert.deepEqual(
      [json.status, json.headers.get('content-type'), json.body],
      [503, 'application/json', '{}'],
    );
    assert.equal((await ask('shop.example', '/anything', { method: 'DELETE' })).status, 405);
  });

  it('serve files, each its own', async () => {
    for (let round = 0; round < 3; round += 1) {
      const one = await ask('shop.example', '/static/a.txt');
      assert.deepEqual([one.status, one.body], [200, 'one']);
      assert.equal(one.headers.get('cache-control'), 'max-age=3600');
      assert.equal((await ask('files.example', '/static/a.txt')).body, 'two');
    }
    assert.equal((await ask('shop.example', '/favicon.ico')).body, 'icon');
    assert.equal((await ask('shop.example', '/static/missing')).status, 404);
    assert.equal((await ask('shop.example', '/private/a.txt')).status, 403);
    for (const target of ['//static/a.txt', '/static%2Fa.txt']) {
      assert.equal((await ask('shop.example', target)).status, 404, target);
    }
  });

  it('ask the next route, and at last the application, where there is no file', async () => {
    assert.equal((await ask('shop.example', '/try/b.txt')).body, 'tried');
    assert.equal((await ask('shop.example', '/try/answered')).body, 'by the next');
    assert.equal((await ask('shop.example', '/try/other')).body, 'app /try/other');
    assert.equal((await ask('shop.example', '/try/b.txt', { method: 'DELETE' })).status, 405);
  });

  it('hold for clients on a unix socket: networks name none of them', async () => {
    const connection = await RawConnection.open({ path: join(folder.path, 'kirin.sock') });
    try {
      for (const [target, status] of [
        ['/open', 200],
        ['/admin', 403],
        ['/closed', 200],
      ] as const) {
        connection.send(`GET ${target} HTTP/1.1\r\nHost: shop.example\r\n\r\n`);
        assert.equal((await connection.readResponse()).status, status, target);
      }
    } finally {
      connection.destroy();
    }
  });

  it('are as the documentation shows them', async () => {
    const page = readFileSync(join(projectRoot, 'docs/operate/sites.md'), 'utf8');
    const [example = ''] = page.match(/^ {4}app = (?:.*\n|\n(?= {4}))+?(?=\n\S)/m) ?? [];
    const documented = new AppFolder({ 'shop.py': APP, 'kirin.toml': example.replace(/^ {4}/gm, '') });
    try {
      const { code, log } = await runKirin({ bind: [], cwd: documented.path, args: ['--check-config'] });
      assert.equal(code, 0, log);
    } finally {
      documented.remove();
    }
  });
});
