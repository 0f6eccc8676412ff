import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { AppFolder } from '../support/app-folder.ts';
import { findLastingPort } from '../support/free-port.ts';
import { type KirinProcess, startKirin } from '../support/kirin.ts';
import { exchange } from '../support/raw-connection.ts';

/** Says who it is, and how often it was asked. */
const APP = (name: string) => `
count = 0
def app(environ, start_response):
    global count
    count += 1
    start_response("200 OK", [("Cache-Control", "max-age=600")])
    return [b"${name} %d" % count]
`;

const CONFIG = `
bind = ["127.0.0.1:0", "127.0.0.1:0"]

[apps.desktop]
app = "desktop:app"
[apps.mobile]
app = "mobile:app"
[apps.writer]
app = "writer:app"

[caches.pages]

[[sites]]
cache = { in = "pages", purge = "127.0.0.1" }

[[sites.routes]]
path = "/shared"
match_headers = { X-Device = "mobile" }
app = "mobile"
cache = { in = "pages", key = "$host$uri" }

[[sites.routes]]
path = "/shared"
app = "desktop"
cache = { in = "pages", key = "$host$uri" }

[[sites.routes]]
path = "/"
methods = ["POST"]
app = "writer"

[[sites.routes]]
path = "/"
match_headers = { X-Device = "mobile" }
app = "mobile"

[[sites.routes]]
path = "/"
methods = ["HEAD"]
app = "writer"

[[sites.routes]]
path = "/"
app = "desktop"
`;

describe('routes that share a cache, and answer for the same URI', () => {
  let folder: AppFolder;
  let kirin: KirinProcess;
  let path = '';
  let number = 0;

  before(async () => {
    folder = new AppFolder({
      'desktop.py': APP('desktop'),
      'mobile.py': APP('mobile'),
      'writer.py': APP('writer'),
      'kirin.toml': CONFIG,
    });
    kirin = await startKirin({ bind: [], cwd: folder.path });
  });

  beforeEach(() => {
    number += 1;
    path = `/${number}`;
  });

  after(async () => {
    await kirin.stop();
    folder.remove();
  });

  async function ask(target: string, { method = 'GET', fields = '' } = {}) {
    const text = `${method} ${target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${fields}\r\n`;
    const { body, fields: lines } = await exchange({ port: kirin.port }, text, { method });
    const told = lines.find(([name]) => name.toLowerCase() === 'cache-status')?.[1] ?? '';
    return { body: body.toString(), told };
  }

  const MOBILE = { fields: 'X-Device: mobile\r\n' };
  const who = ({ body }: { readonly body: string }) => body.split(' ')[0];

  it('never give one another’s responses, and each its own', async () => {
    const desktop = await ask(path);
    const mobile = await ask(path, MOBILE);
    assert.deepEqual([who(desktop), who(mobile)], ['desktop', 'mobile']);
    assert.match(mobile.told, /fwd=uri-miss/);
    const again = [await ask(path), await ask(path, MOBILE)];
    assert.deepEqual(
      again.map(({ body }) => body),
      [desktop.body, mobile.body],
    );
    for (const { told } of again) assert.match(told, /hit/);
    assert.match((await ask(path, { method: 'HEAD' })).told, /fwd=uri-miss/);
  });

  it('are one to whoever changes or purges that URI', async () => {
    const before = [await ask(path), await ask(path, MOBILE)];
    await ask(path, { method: 'POST', fields: 'Content-Length: 0\r\n' });
    const after = [await ask(path), await ask(path, MOBILE)];
    assert.notDeepEqual(before[0]?.body, after[0]?.body);
    assert.notDeepEqual(before[1]?.body, after[1]?.body);
    assert.deepEqual((await ask(path, { method: 'PURGE' })).body, '{"purged":2}\n');
    for (const options of [{}, MOBILE]) assert.match((await ask(path, options)).told, /fwd=uri-miss/);
    assert.deepEqual((await ask(`${path}*`, { method: 'PURGE' })).body, '{"purged":2}\n');
  });

  it('share responses where they are told to, by a key', async () => {
    const first = await ask(`/shared${path}`, MOBILE);
    const second = await ask(`/shared${path}`);
    assert.deepEqual([who(first), second.body], ['mobile', first.body]);
  });

  it('have what they had when routes come before them', async () => {
    const { body } = await ask(path);
    folder.write(
      'kirin.toml',
      CONFIG.replace(
        '[[sites.routes]]',
        '[[sites.routes]]\nexact = "/new"\nredirect = "/"\n\n[[sites.routes]]',
      ),
    );
    const from = kirin.log().length;
    kirin.signal('SIGHUP');
    await kirin.waitForLog(/Ready: \d+ worker/, { from });
    assert.deepEqual([(await ask(path)).body, who(await ask(path, MOBILE))], [body, 'mobile']);
  });
});

describe('listeners whose routes share a cache', () => {
  /** Says which site, which port and how often. */
  const TELLING = (site: string) =>
    APP(site)
      .replace('app(environ', 'answer(environ')
      .concat(`
def app(environ, start_response):
    [body] = answer(environ, start_response)
    return [environ["SERVER_PORT"].encode() + b" " + body]
`);
  let ports: readonly [number, number];
  let folder: AppFolder;
  let kirin: KirinProcess;

  before(async () => {
    ports = [await findLastingPort(), await findLastingPort()];
    folder = new AppFolder({
      'usual.py': TELLING('usual'),
      'named.py': TELLING('named'),
      'kirin.toml': `
bind = ["127.0.0.1:${ports[0]}", "127.0.0.1:${ports[1]}"]

[apps.usual]
app = "usual:app"
[apps.named]
app = "named:app"

[caches.pages]

[[sites]]
hosts = "127.0.0.1"
app = "named"
cache = "pages"

[[sites]]
cache = "pages"

[[sites.routes]]
path = "/own"
port = ${ports[1]}
app = "usual"

[[sites.routes]]
path = "/"
app = "usual"
`,
    });
    kirin = await startKirin({ bind: [], cwd: folder.path });
  });

  after(async () => {
    await kirin.stop();
    folder.remove();
  });

  async function ask(port: number, target: string, host: string | null): Promise<string> {
    const version = host === null ? '1.0' : '1.1';
    const field = host === null ? '' : `Host: ${host}\r\n`;
    const text = `GET ${target} HTTP/${version}\r\n${field}Connection: close\r\n\r\n`;
    return (await exchange({ port }, text)).body.toString();
  }

  it('share no responses where a route is for one of them', async () => {
    const [first, second] = [await ask(ports[0], '/own', 'a'), await ask(ports[1], '/own', 'a')];
    assert.match(first, new RegExp(`^${ports[0]} usual`));
    assert.match(second, new RegExp(`^${ports[1]} usual`));
    assert.deepEqual([await ask(ports[0], '/own', 'a'), await ask(ports[1], '/own', 'a')], [first, second]);
  });

  it('share those of one URI, which has the port that the client writes', async () => {
    const first = await ask(ports[0], '/one', 'a');
    assert.equal(await ask(ports[1], '/one', 'a'), first);
    assert.notEqual(await ask(ports[1], '/one', `a:${ports[1]}`), first);
  });

  it('share none with one another, nor with a site of their address, where the client names no host', async () => {
    const [first, second] = [await ask(ports[0], '/none', null), await ask(ports[1], '/none', null)];
    assert.match(first, new RegExp(`^${ports[0]} usual`));
    assert.match(second, new RegExp(`^${ports[1]} usual`));
    for (const host of ['127.0.0.1', `127.0.0.1:${ports[0]}`]) {
      assert.match(await ask(ports[0], '/none', host), new RegExp(`^${ports[0]} named`));
    }
    assert.equal(await ask(ports[0], '/none', null), first);
  });
});
