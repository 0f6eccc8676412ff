import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { AppFolder, answering } from '../support/app-folder.ts';
import { cacheFacts } from '../support/cache/cache-facts.ts';
import { ScriptedOrigin } from '../support/cache/scripted-origin.ts';
import { type KirinProcess, startKirin } from '../support/kirin.ts';
import { projectRoot } from '../support/project.ts';
import { exchange } from '../support/raw-connection.ts';
import { waitFor } from '../support/wait-for.ts';

const FRESH = ['Cache-Control: max-age=600'];
const REFUSED = /Nothing new is kept in [^ ]*\/kept, which is tried again from time to time: (\w+)/g;

const toml = (port: number) => `
app = "main:app"
bind = "127.0.0.1:0"
health_path = "/-/health"
[caches.pages]
folder = "kept"
size = "20m"
[[sites]]
cache = "pages"
[[sites.routes]]
path = "/"
proxy = "http://127.0.0.1:${port}"
`;

describe('a cache in files', () => {
  let origin: ScriptedOrigin;
  let folder: AppFolder;
  let kirin: KirinProcess | null = null;
  let isMounted = false;

  before(async () => {
    origin = await ScriptedOrigin.start();
  });

  beforeEach(() => {
    folder = new AppFolder({
      'main.py': answering('app'),
      'kirin.toml': toml(origin.port),
    });
  });

  afterEach(async () => {
    await kirin?.stop();
    kirin = null;
    if (isMounted) spawnSync('umount', [kept()]);
    isMounted = false;
    folder.remove();
  });

  after(() => origin.stop());

  const kept = () => join(folder.path, 'kept');
  const start = async () => {
    kirin = await startKirin({ bind: [], cwd: folder.path });
  };
  const running = () => kirin ?? assert.fail('it has not been started');
  const refusals = () => [...running().log().matchAll(REFUSED)].map(([, code]) => code);

  async function ask(target: string) {
    const { status, fields, body } = await exchange(
      { port: running().port },
      `GET ${target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`,
    );
    const told = fields.find(([name]) => name.toLowerCase() === 'cache-status')?.[1] ?? '';
    return { status, body: body.toString('latin1'), told };
  }

  /** Asks for something new until it is kept; everything is answered. */
  async function keepsAgain(what: string): Promise<void> {
    let number = 0;
    await waitFor(
      async () => {
        number += 1;
        const target = `/${what}/${number}`;
        origin.script(target, [{ fields: FRESH, body: target }, { body: 'asked again' }]);
        assert.equal((await ask(target)).body, target);
        return (await ask(target)).told.includes('hit');
      },
      { what: 'a response that is kept' },
    );
    await running().waitForLog(/Responses are kept in [^ ]*\/kept again/);
  }

  const filesIn = (path: string) =>
    readdirSync(path, { recursive: true, encoding: 'utf8' }).filter((name) =>
      statSync(join(path, name), { throwIfNoEntry: false })?.isFile(),
    );

  const isQuiet = () =>
    waitFor(async () => (await cacheFacts(running().port)).writing === 0, {
      what: 'the end of what is being written',
    });

  it('answers all requests while the disk is full, leaves nothing half written, and goes on when there is room', async (t) => {
    mkdirSync(kept());
    isMounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', kept()]).status === 0;
    if (!isMounted) {
      t.skip('no file system can be mounted here');
      return;
    }
    await start();
    origin.script('/before', [{ fields: FRESH, body: 'before' }]);
    await ask('/before');
    await isQuiet();
    assert.throws(() => writeFileSync(join(kept(), 'others'), Buffer.alloc(2_000_000)), /ENOSPC/);
    const large = 'x'.repeat(3_000_000);
    for (let number = 0; number < 40; number += 1) {
      origin.script(`/full/${number}`, [{ fields: FRESH, body: `${number} ${large}` }]);
    }
    const answers = await Promise.all(Array.from({ length: 40 }, (_, number) => ask(`/full/${number}`)));
    for (const [number, { body }] of answers.entries()) assert.equal(body, `${number} ${large}`);
    await isQuiet();
    assert.deepEqual(
      filesIn(kept()).filter((name) => name.startsWith('new')),
      [],
    );
    assert.match((await ask('/before')).told, /hit/, 'what was kept is used all the same');
    assert.deepEqual(refusals(), ['ENOSPC']);
    rmSync(join(kept(), 'others'));
    await keepsAgain('room');
  });

  it('makes its folder anew where it is gone, and waits where something is in its place', async () => {
    await start();
    origin.script('/gone', [{ fields: FRESH, body: 'x'.repeat(100_000) }, { fields: FRESH }]);
    await ask('/gone');
    await isQuiet();
    rmSync(kept(), { recursive: true });
    assert.equal((await ask('/gone')).body, '2');
    await isQuiet();
    assert.match((await ask('/gone')).told, /hit/);
    assert.equal(filesIn(kept()).length, 1);

    renameSync(kept(), `${kept()}-elsewhere`);
    writeFileSync(kept(), 'in the way');
    for (let number = 0; number < 20; number += 1) {
      origin.script(`/blocked/${number}`, [{ fields: FRESH, body: `${number}` }]);
      const { status, body } = await ask(`/blocked/${number}`);
      assert.deepEqual([status, body], [200, `${number}`]);
    }
    assert.equal(refusals().length, 1);
    rmSync(kept());
    await keepsAgain('unblocked');
  });

  it('answers with what is larger than a file may be, and keeps the rest', async () => {
    const program = `${process.execPath} ${join(projectRoot, 'bin', 'kirin.js')}`;
    kirin = await startKirin({
      commandLine: `/bin/sh -c 'ulimit -f 200; exec ${program}'`,
      cwd: folder.path,
    });
    const large = 'x'.repeat(300_000);
    for (const number of [1, 2]) {
      origin.script(`/large/${number}`, [{ fields: FRESH, body: large }, { body: 'asked again' }]);
      assert.equal((await ask(`/large/${number}`)).body, large);
      await isQuiet();
      assert.equal((await ask(`/large/${number}`)).body, 'asked again');
    }
    origin.script('/small', [{ fields: FRESH, body: 'small' }, { body: 'asked again' }]);
    await ask('/small');
    await isQuiet();
    assert.match((await ask('/small')).told, /hit/);
    assert.equal(filesIn(kept()).length, 1);
    assert.equal(
      [
        ...running()
          .log()
          .matchAll(/Responses are too large to be kept in .*: EFBIG/g),
      ].length,
      1,
    );
    assert.deepEqual(refusals(), []);
  });

  it('starts where its folder cannot be made, says so, and keeps responses once it can', async () => {
    writeFileSync(kept(), 'in the way');
    await start();
    await waitFor(() => refusals().length === 1, { what: 'the log to say so' });
    origin.script('/', [{ fields: FRESH }]);
    assert.equal((await ask('/')).body, '1');
    assert.equal((await ask('/')).body, '2');
    rmSync(kept());
    await keepsAgain('made');
  });

  it('loses no more than what its edge was writing when that is killed, and nothing of what others write to the folder', {
    skip: !existsSync('/proc/self/stat') && 'there is no /proc',
  }, async () => {
    const held = new Map<string, ServerResponse>();
    const slow = createServer((request, response) => {
      response.writeHead(200, { 'Cache-Control': 'max-age=600', 'Content-Length': '200000' });
      response.write('x'.repeat(100_000));
      held.set(request.url ?? '', response);
    });
    await new Promise<void>((resolve) => slow.listen(0, '127.0.0.1', resolve));
    const { port } = slow.address() as AddressInfo;
    writeFileSync(join(folder.path, 'kirin.toml'), toml(port));
    await start();
    const other = await startKirin({ bind: [], cwd: folder.path });
    try {
      const drafts = () => readdirSync(join(kept(), 'new'));
      const mine = ask('/mine').catch(() => null);
      const its = await waitFor(() => drafts()[0], { what: 'a draft' });
      const others = exchange(
        { port: other.port },
        'GET /others HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
      );
      await waitFor(() => drafts().length === 2, { what: 'another draft' });
      const theirs = drafts().filter((name) => name !== its);
      process.kill(running().edgePid(), 'SIGKILL');
      await mine;
      await waitFor(() => drafts().length < 2, { what: 'the removal of what nobody writes any more' });
      assert.deepEqual(drafts(), theirs);
      held.get('/others')?.end('y'.repeat(100_000));
      assert.equal((await others).body.length, 200_000);
      await waitFor(() => drafts().length === 0 && filesIn(kept()).length === 1, {
        what: 'the response that is whole',
      });
    } finally {
      await other.stop();
      slow.closeAllConnections();
      await new Promise((resolve) => slow.close(resolve));
    }
  });
});
