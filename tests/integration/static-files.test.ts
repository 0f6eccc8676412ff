import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { AppFolder, answering } from '../support/app-folder.ts';
import { installKirin } from '../support/install-kirin.ts';
import { KirinProcess, runKirin, withKirin } from '../support/kirin.ts';
import { exchange, RawConnection } from '../support/raw-connection.ts';
import { fieldValue } from '../support/response-reader.ts';
import { useKirin } from '../support/shared-kirin.ts';
import { makeTemporaryFolder, removeFolder } from '../support/temporary-folder.ts';
import { waitFor, within } from '../support/wait-for.ts';

const MAX_GROWTH_BYTES = 32 * 1024 * 1024;

const get = (port: number, path: string, method = 'GET') =>
  exchange({ port }, `${method} ${path} HTTP/1.1\r\nHost: a\r\n\r\n`, { method });

const textAt = async (port: number, path: string) => (await get(port, path)).body.toString();

describe('static files', () => {
  const folder = makeTemporaryFolder();
  const files = join(folder, 'files');
  before(() => {
    mkdirSync(join(files, 'sub'), { recursive: true });
    mkdirSync(join(folder, 'deeper'));
    writeFileSync(join(files, 'site.css'), 'body {}');
    writeFileSync(join(files, 'a.txt'), 'from files');
    writeFileSync(join(folder, 'deeper/a.txt'), 'from deeper');
    writeFileSync(join(folder, 'robots.txt'), 'User-agent: *');
  });
  after(() => removeFolder(folder));

  const kirin = useKirin({
    app: 'echo:app',
    args: [
      ...['--static', `/static=${files}`, '--static', `/static/deeper=${folder}/deeper`],
      ...['--static', `/robots.txt=${folder}/robots.txt`, '--static', `/-=${files}`],
      ...['--static-max-age', '600', '--health-path', '/-/health', '--access-logfile', '-'],
      ...['--access-logformat', '%(r)s %(s)s %(B)s %(p)s %({queued_us}x)s'],
    ],
  });

  it('are served below their prefix, with their type, and for as long as was said', async () => {
    const response = await get(kirin().port, '/static/site.css');
    assert.equal(response.body.toString(), 'body {}');
    assert.equal(fieldValue(response, 'Content-Type'), 'text/css; charset=utf-8');
    assert.equal(fieldValue(response, 'Cache-Control'), 'max-age=600');
  });

  it('come from the longest prefix', async () => {
    assert.equal(await textAt(kirin().port, '/static/a.txt'), 'from files');
    assert.equal(await textAt(kirin().port, '/static/deeper/a.txt'), 'from deeper');
  });

  it('may be one', async () => {
    assert.equal(await textAt(kirin().port, '/robots.txt'), 'User-agent: *');
  });

  it('leave the rest to the application', async () => {
    assert.equal(
      (await get(kirin().port, '/staticfiles')).status,
      (await get(kirin().port, '/nothing')).status,
    );
    assert.equal((await get(kirin().port, '/static/none')).status, 404);
    assert.equal((await get(kirin().port, '/static/sub/')).status, 403);
    assert.equal((await get(kirin().port, '/static/%2e%2e/robots.txt')).status, 400);
  });

  it('do not hide the health pages', async () => {
    assert.equal(await textAt(kirin().port, '/-/health/live'), 'live\n');
    assert.equal(await textAt(kirin().port, '/-/a.txt'), 'from files');
  });

  it('are in the access log, without a worker', async () => {
    await get(kirin().port, '/static/site.css?logged');
    await get(kirin().port, '/static/site.css?head', 'HEAD');
    await waitFor(() => kirin().stdout().includes('?head'));
    const lines = kirin().stdout().split('\n');
    const line = (part: string) => lines.find((each) => each.includes(part)) ?? '';
    assert.match(line('?logged'), /^GET \/static\/site\.css\?logged HTTP\/1\.1 200 7 (<0>|-|0)/);
    assert.match(line('?head'), /^HEAD \/static\/site\.css\?head HTTP\/1\.1 200 0 /);
  });

  it('are many on one connection, sent ahead', async () => {
    const connection = await RawConnection.open({ port: kirin().port });
    connection.send('GET /static/a.txt HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(200));
    for (let number = 0; number < 200; number += 1)
      assert.equal((await connection.readResponse()).body.toString(), 'from files');
    connection.destroy();
  });
});

describe('static files of a configuration', () => {
  it('are changed by a reload, and one with a mistake changes nothing', async () => {
    const folder = new AppFolder({ 'app.py': answering('the application') });
    for (const name of ['one', 'two']) {
      mkdirSync(join(folder.path, name));
      writeFileSync(join(folder.path, name, 'a.txt'), name);
    }
    folder.write('gunicorn.conf.py', 'import pathlib\nstatic_files = {"/files": pathlib.Path("one")}\n');
    try {
      await withKirin({ app: 'app:app', cwd: folder.path }, async (kirin) => {
        assert.equal(await textAt(kirin.port, '/files/a.txt'), 'one');
        folder.write('gunicorn.conf.py', 'static_files = ["/files=two"]\n');
        kirin.signal('SIGHUP');
        await waitFor(async () => (await textAt(kirin.port, '/files/a.txt')) === 'two');
        folder.write('gunicorn.conf.py', 'static_files = {"files": "one"}\n');
        kirin.signal('SIGHUP');
        await kirin.waitForLog(/'files' does not begin with a slash/);
        assert.equal(await textAt(kirin.port, '/files/a.txt'), 'two');
      });
    } finally {
      folder.remove();
    }
  });

  it('may stand in a kirin.toml, relative to it', async () => {
    const folder = new AppFolder({ 'app.py': answering('the application') });
    mkdirSync(join(folder.path, 'one'));
    folder.write('one/a.txt', 'one');
    folder.write('kirin.toml', 'app = "app:app"\nstatic_max_age = 60\n\n[static_files]\n"/files" = "one"\n');
    try {
      await withKirin({ args: ['-c', join(folder.path, 'kirin.toml')] }, async (kirin) => {
        const response = await get(kirin.port, '/files/a.txt');
        assert.equal(response.body.toString(), 'one');
        assert.equal(fieldValue(response, 'Cache-Control'), 'max-age=60');
      });
    } finally {
      folder.remove();
    }
  });

  it('that are not there yet are told of, and served once they are', async () => {
    const folder = makeTemporaryFolder();
    const media = join(folder, 'media');
    await withKirin({ app: 'echo:app', args: ['--static', `/media=${media}`] }, async (kirin) => {
      assert.match(kirin.log(), /WARNING.* static_files \/media=.*: there is no .*\/media yet/);
      assert.equal((await get(kirin.port, '/media/a.txt')).status, 404);
      mkdirSync(media);
      writeFileSync(join(media, 'a.txt'), 'uploaded');
      assert.equal(await textAt(kirin.port, '/media/a.txt'), 'uploaded');
    });
    removeFolder(folder);
  });

  it('are wrong: each mistake is told', async () => {
    const { code, log } = await runKirin({
      args: ['--static', 'static=x', '--static', '/a', '--static-missing', 'apps', 'echo:app'],
    });
    assert.equal(code, 2);
    assert.match(log, /--static 'static=x' .*'static' does not begin with a slash; give one such as/);
    assert.match(log, /--static '\/a' .*no prefix with a folder/);
    assert.match(log, /--static-missing 'apps' .*did you mean app\?/);
    const twice = await runKirin({ args: ['--static', '/a=x', '--static', '/a/=y', 'echo:app'] });
    assert.equal(twice.code, 1);
    assert.match(twice.log, /static_files gives two folders for '\/a', x and y/);
  });
});

describe('a folder before the whole site', () => {
  it('is asked first, and the application for everything else', async () => {
    const folder = new AppFolder({ 'app.py': answering('the application') });
    mkdirSync(join(folder.path, 'public'));
    folder.write('public/index.html', '<p>home');
    folder.write('public/.env', 'SECRET=1');
    try {
      const args = ['--static', '/=public', '--static-missing', 'app'];
      await withKirin({ app: 'app:app', cwd: folder.path, args }, async (kirin) => {
        assert.equal(await textAt(kirin.port, '/'), '<p>home');
        for (const path of ['/other', '/public/index.html', '/.env', '/a%2Fb', '/%2e%2e/app.py'])
          assert.equal(await textAt(kirin.port, path), 'the application', path);
        const posted = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc';
        assert.equal((await exchange({ port: kirin.port }, posted)).body.toString(), 'the application');
      });
    } finally {
      folder.remove();
    }
  });
});

describe('a file that the account may not read', { skip: process.getuid?.() !== 0 && 'needs root' }, () => {
  it('is forbidden, and the log says why', async () => {
    const folder = makeTemporaryFolder();
    writeFileSync(join(folder, 'closed.txt'), 'x');
    writeFileSync(join(folder, 'open.txt'), 'open');
    writeFileSync(join(folder, 'main.py'), answering('the application'));
    chmodSync(join(folder, 'closed.txt'), 0);
    // The account may not be able to enter the folder of the tests.
    chmodSync(folder, 0o755);
    const account = ['--user', 'nobody', '--group', '65534', '--python', '/usr/bin/python3'];
    const kirin = new KirinProcess({
      program: installKirin(folder),
      app: 'main:app',
      cwd: folder,
      args: [...account, '--static', `/f=${folder}`],
    });
    try {
      await kirin.waitForLog(/Listening at/);
      await waitFor(async () => (await get(kirin.port, '/f/open.txt')).status === 200);
      assert.equal((await get(kirin.port, '/f/closed.txt')).status, 403);
      await kirin.waitForLog(/\/f\/closed\.txt is not served: EACCES/);
    } finally {
      kirin.signal('SIGTERM');
      await kirin.ended();
      kirin.discard();
      removeFolder(folder);
    }
  });
});

describe('large static files', () => {
  const folder = makeTemporaryFolder();
  const kirin = useKirin(() => {
    writeFileSync(join(folder, 'huge.bin'), '');
    truncateSync(join(folder, 'huge.bin'), 1_000_000_000);
    writeFileSync(join(folder, 'small.txt'), 'small');
    return { app: 'echo:app', args: ['--static', `/f=${folder}`] };
  });
  after(() => rmSync(folder, { recursive: true }));

  it('of 1 GB move the memory by less than 32 MB', async () => {
    await download(kirin().port, '/f/huge.bin', 50_000_000);
    const before = kirin().totalPssBytes();
    let peak = before;
    const sampler = setInterval(() => {
      peak = Math.max(peak, kirin().totalPssBytes());
    }, 100);
    try {
      await within(180_000, 'the download', download(kirin().port, '/f/huge.bin', 1_000_000_000), () =>
        kirin().log(),
      );
    } finally {
      clearInterval(sampler);
    }
    assert.ok(peak - before < MAX_GROWTH_BYTES, `grew by ${((peak - before) / 2 ** 20).toFixed(1)} MB`);
  });

  it('for a hundred clients that do not read cost little, and nobody else waits', async () => {
    const before = kirin().totalPssBytes();
    const clients = await Promise.all(
      Array.from({ length: 100 }, () => RawConnection.open({ port: kirin().port })),
    );
    try {
      for (const client of clients) {
        client.send('GET /f/huge.bin HTTP/1.1\r\nHost: a\r\n\r\n');
        await client.peek(1);
        client.pause();
      }
      for (let round = 0; round < 20; round += 1)
        assert.equal(await textAt(kirin().port, '/f/small.txt'), 'small');
      const growth = kirin().totalPssBytes() - before;
      assert.ok(growth < MAX_GROWTH_BYTES, `grew by ${(growth / 2 ** 20).toFixed(1)} MB`);
    } finally {
      for (const client of clients) client.destroy();
    }
  });

  async function download(port: number, path: string, bytes: number): Promise<void> {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, {
      headers: { Range: `bytes=0-${bytes - 1}` },
    });
    assert.equal(response.status, 206);
    let length = 0;
    assert.ok(response.body);
    for await (const piece of response.body) length += (piece as Uint8Array).length;
    assert.equal(length, bytes);
  }
});
