import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Browser, hiddenInput } from '../support/browser.ts';
import { ADMIN, djangoEnvironment, djangoFolder, prepareDjango } from '../support/django-project.ts';
import { Nginx, nginxIsMissing } from '../support/nginx.ts';
import { fixture } from '../support/project.ts';
import { exchange } from '../support/raw-connection.ts';
import { useKirin } from '../support/shared-kirin.ts';
import { isSocket, makeTemporaryFolder, removeFolder } from '../support/temporary-folder.ts';

/** The fields that deployment guides set, as if nginx had ended TLS. */
const FORWARDED = `
      proxy_set_header Host site.example;
      proxy_set_header X-Real-IP $remote_addr;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header X-Forwarded-Proto https;
      proxy_set_header X-Forwarded-Host site.example;`;

/** To the upstream with a new connection for each request, as HTTP/1.0, which is what nginx does unless it is told otherwise. */
const plainProxy = (upstream: string) => `
  server {
    listen LISTEN;
    location / {
      proxy_pass http://${upstream};
${FORWARDED}
    }
  }`;

const keptProxy = (upstream: string) => `
  upstream kirin { server ${upstream}; keepalive 8; }
  server {
    listen LISTEN;
    location / {
      proxy_pass http://kirin;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
${FORWARDED}
    }
  }`;

describe('behind nginx', { skip: nginxIsMissing }, () => {
  const folder = makeTemporaryFolder();
  const socket = join(folder, 'kirin.sock');
  const content = randomBytes(5_000_000);
  writeFileSync(join(folder, 'file.bin'), content);
  after(() => removeFolder(folder));

  const kirin = useKirin({
    app: 'site_app:app',
    args: ['--workers', '2'],
    bind: ['127.0.0.1:0', `unix:${socket}`],
    cwd: fixture('frameworks', 'flask_site'),
    env: { FILE: join(folder, 'file.bin'), BEHIND_PROXY: '1' },
  });

  for (const [how, configuration] of [
    ['over TCP, a connection for each request', () => plainProxy(`127.0.0.1:${kirin().port}`)],
    ['over TCP, connections kept', () => keptProxy(`127.0.0.1:${kirin().port}`)],
    ['over a unix socket, a connection for each request', () => plainProxy(`unix:${socket}:`)],
    ['over a unix socket, connections kept', () => keptProxy(`unix:${socket}`)],
  ] as const) {
    describe(how, () => {
      let nginx: Nginx;
      let browser: Browser;
      before(async () => {
        assert.ok(isSocket(socket));
        nginx = await Nginx.start(configuration());
        browser = new Browser(nginx.url);
      });
      after(async () => {
        browser.close();
        await nginx.stop();
      });

      it('Flask sees the outside address, scheme and client', async () => {
        assert.deepEqual(JSON.parse((await browser.get('/where?a=b')).text), {
          url: 'https://site.example/where?a=b',
          scheme: 'https',
          secure: true,
          host: 'site.example',
          remote_addr: '127.0.0.1',
          real_ip: '127.0.0.1',
        });
      });

      it('sessions and redirects work', async () => {
        const answer = await browser.postForm('/login', { user: 'somebody' });
        assert.equal(answer.status, 302);
        assert.match((await browser.get('/me')).text, /somebody/);
      });

      it('a large upload and a large download arrive whole', async () => {
        const file = randomBytes(6_000_000);
        const page = await browser.postFile('/upload', { field: 'file', name: 'big.bin', content: file });
        assert.equal(JSON.parse(page.text).sha256, createHash('sha256').update(file).digest('hex'));
        assert.ok((await browser.get('/file')).body.equals(content));
      });

      it('streams and conditional requests pass', async () => {
        assert.match((await browser.get('/stream?rows=500')).text, /^row 0\n[\s\S]*row 499\n$/);
        const { etag } = (await browser.get('/file')).headers;
        assert.equal((await browser.get('/file', { 'if-none-match': etag ?? '' })).status, 304);
      });

      it('many requests in a row and at once leave no error in its log', async () => {
        for (let number = 0; number < 50; number++) assert.equal((await browser.get('/')).status, 200);
        const pages = await Promise.all(
          Array.from({ length: 100 }, (_, n) => browser.get(`/api/items/${n}`)),
        );
        for (const [number, page] of pages.entries()) assert.equal(JSON.parse(page.text).number, number);
        assert.doesNotMatch(nginx.log(), /\[(error|crit|alert|emerg)\]/);
      });
    });
  }
});

describe('Django behind nginx', { skip: nginxIsMissing }, () => {
  const folder = makeTemporaryFolder();
  const socket = join(folder, 'kirin.sock');
  before(() => prepareDjango(folder));
  after(() => removeFolder(folder));

  useKirin({
    app: 'mysite.wsgi',
    args: ['--workers', '2'],
    bind: [`unix:${socket}`],
    cwd: djangoFolder,
    env: djangoEnvironment(folder),
  });
  let nginx: Nginx;
  let browser: Browser;
  before(async () => {
    nginx = await Nginx.start(plainProxy(`unix:${socket}:`));
    browser = new Browser(nginx.url);
  });
  after(async () => {
    browser?.close();
    await nginx?.stop();
  });

  it('sees https through SECURE_PROXY_SSL_HEADER', async () => {
    const where = JSON.parse((await browser.get('/where/')).text);
    assert.equal(where.url, 'https://site.example/where/');
    assert.equal(where.secure, true);
    assert.equal(where.forwarded_for, '127.0.0.1');
    assert.equal(where.real_ip, '127.0.0.1');
  });

  it('accepts a login whose Referer is the outside address, as browsers send it', async () => {
    const form = await browser.follow('/admin/');
    const fields = {
      ...ADMIN,
      csrfmiddlewaretoken: hiddenInput(form, 'csrfmiddlewaretoken'),
      next: '/admin/',
    };
    const foreign = await browser.postForm('/admin/login/', fields, { referer: 'https://evil.example/' });
    assert.equal(foreign.status, 403, 'over https, Django checks where the form came from');
    const answer = await browser.postForm('/admin/login/', fields, {
      referer: 'https://site.example/admin/login/',
    });
    assert.equal(answer.status, 302, answer.text);
    assert.match((await browser.get('/admin/')).text, /Products/);
  });
});

describe('an application that sends early hints, behind nginx', { skip: nginxIsMissing }, () => {
  const kirin = useKirin({ app: 'early_hints:app' });

  it('goes on as ever where nginx speaks HTTP/1.0, to which none are sent', async () => {
    const nginx = await Nginx.start(plainProxy(`127.0.0.1:${kirin().port}`));
    try {
      const response = await exchange({ port: nginx.port }, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n');
      assert.deepEqual([response.status, response.body.toString()], [200, 'page']);
    } finally {
      await nginx.stop();
    }
  });
});
