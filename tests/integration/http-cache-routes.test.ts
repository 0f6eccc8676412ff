import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { AppFolder } from '../support/app-folder.ts';
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
