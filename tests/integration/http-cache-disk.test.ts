import assert from 'node:assert/strict';
import { readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { AppFolder, answering } from '../support/app-folder.ts';
import { cacheFacts } from '../support/cache/cache-facts.ts';
import { ScriptedOrigin } from '../support/cache/scripted-origin.ts';
import { type KirinProcess, startKirin } from '../support/kirin.ts';
import { exchange } from '../support/raw-connection.ts';
import { waitFor } from '../support/wait-for.ts';

const FRESH = ['Cache-Control: max-age=600'];

describe('a cache in files', () => {
  let origin: ScriptedOrigin;
  let folder: AppFolder;
  let kirin: KirinProcess;

  before(async () => {
    origin = await ScriptedOrigin.start();
  });

  beforeEach(async () => {
    folder = new AppFolder({
      'main.py': answering('app'),
      'kirin.toml': `
app = "main:app"
bind = "127.0.0.1:0"
health_path = "/-/health"
[caches.pages]
folder = "kept"
size = "20m"
[[sites]]
cache = { in = "pages", purge = "127.0.0.1" }
[[sites.routes]]
path = "/"
proxy = "http://127.0.0.1:${origin.port}"
`,
    });
    kirin = await startKirin({ bind: [], cwd: folder.path });
  });

  afterEach(async () => {
    await kirin.stop();
    folder.remove();
  });

  after(() => origin.stop());

  async function ask(target: string, { method = 'GET', fields = '' } = {}) {
    const {
      status,
      fields: lines,
      body,
    } = await exchange(
      { port: kirin.port },
      `${method} ${target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${fields}\r\n`,
      { method },
    );
    const headers = new Map(lines.map(([name, value]) => [name.toLowerCase(), value]));
    return { status, headers, body: body.toString('latin1'), told: headers.get('cache-status') ?? '' };
  }

  const kept = () => join(folder.path, 'kept');

  /** Of responses that are whole, once nothing is being written. */
  async function files(): Promise<readonly string[]> {
    await waitFor(async () => (await cacheFacts(kirin.port)).writing === 0, {
      what: 'the end of what is being written',
    });
    return readdirSync(kept(), { recursive: true, encoding: 'utf8' })
      .filter((name) => /^[0-9a-f]{2}\/[0-9a-f]{32}-[0-9a-f]{16}$/.test(name))
      .map((name) => join(kept(), name));
  }

  async function start(): Promise<void> {
    kirin = await startKirin({ bind: [], cwd: folder.path });
    await waitFor(async () => !(await cacheFacts(kirin.port)).isLoading, { what: 'the index' });
  }

  async function restart(): Promise<void> {
    await kirin.stop();
    await start();
  }

  it('outlives a restart, with large bodies and what a 304 has renewed', async () => {
    const large = 'x'.repeat(3_000_000);
    origin.script('/small', [{ fields: [...FRESH, 'Vary: Accept', 'ETag: "s"'], body: 'small' }]);
    origin.script('/large', [{ fields: FRESH, body: large }]);
    origin.script('/renewed', [
      { fields: ['Cache-Control: max-age=60', 'Age: 100', 'ETag: "a"'], body: 'renewed' },
      { fields: ['Cache-Control: max-age=600', 'X-New: yes'], notModifiedFor: '"a"' },
    ]);
    for (const target of ['/small', '/large', '/renewed']) {
      await ask(target);
      await files();
    }
    await ask('/renewed');
    await files();
    await restart();
    assert.match((await ask('/renewed')).told, /hit/);
    assert.equal((await ask('/renewed')).headers.get('x-new'), 'yes');
    assert.match((await ask('/large')).told, /hit/);
    assert.equal((await ask('/large')).body, large);
    const part = await ask('/large', { fields: 'Range: bytes=2999990-\r\n' });
    assert.deepEqual([part.status, part.body], [206, 'x'.repeat(10)]);
    assert.match((await ask('/small')).told, /hit/);
    for (let time = 0; time < 3; time += 1) assert.equal((await ask('/small')).body, 'small');
    assert.equal((await ask('/small', { fields: 'If-None-Match: "s"\r\n' })).status, 304);
    assert.equal((await ask('/large', { method: 'HEAD' })).headers.get('content-length'), '3000000');
  });

  it('never uses a file that is not whole, and leaves alone what is not its own', async () => {
    for (const name of ['/cut', '/changed', '/whole']) {
      origin.script(name, [
        { fields: FRESH, body: `1${name.repeat(2000)}` },
        { fields: FRESH, body: '2' },
      ]);
      await ask(name);
    }
    const byText = async (text: string) =>
      (await files()).find((file) => readFileSync(file, 'latin1').includes(`${text}"`)) ?? assert.fail(text);
    const cut = await byText('http://a/cut');
    const changed = await byText('http://a/changed');
    await kirin.stop();
    truncateSync(cut, statSync(cut).size - 1);
    const bytes = readFileSync(changed);
    bytes[bytes.length - 60] = (bytes[bytes.length - 60] as number) ^ 1;
    writeFileSync(changed, bytes);
    writeFileSync(join(kept(), 'notes.txt'), 'mine');
    writeFileSync(join(kept(), 'new', 'begun'), 'half');
    rmSync(join(kept(), 'new', 'begun'));
    await start();
    assert.match((await ask('/whole')).told, /hit/);
    assert.equal((await ask('/cut')).body, '2');
    assert.equal((await ask('/changed')).body, '2');
    assert.equal(readFileSync(join(kept(), 'notes.txt'), 'utf8'), 'mine');
    assert.equal((await files()).includes(cut), false);
  });

  it('asks again for what somebody has taken away', async () => {
    origin.script('/taken', [
      { fields: FRESH, body: `1${'x'.repeat(100_000)}` },
      { fields: FRESH, body: '2' },
    ]);
    await ask('/taken');
    for (const file of await files()) rmSync(file);
    const { status, body } = await ask('/taken');
    assert.deepEqual([status, body], [200, '2']);
  });

  it('stays within its size on disk, and gives up what was purged', async () => {
    for (let index = 0; index < 30; index += 1) {
      origin.script(`/sized/${index}`, [{ fields: FRESH, body: `${index}${'x'.repeat(1_000_000)}` }]);
      await ask(`/sized/${index}`);
    }
    const sizeOf = async () => (await files()).reduce((sum, file) => sum + statSync(file).size, 0);
    await waitFor(async () => (await sizeOf()) <= 20 * 2 ** 20, { what: 'no more than its size' });
    assert.ok((await files()).length >= 15);
    assert.match((await ask('/sized/29')).told, /hit/);
    assert.match((await ask('/sized/*', { method: 'PURGE' })).body, /"purged":\d+/);
    await waitFor(async () => (await files()).length === 0, { what: 'no files' });
  });

  it('leaves nothing of what breaks off', async () => {
    origin.script('/broken', [
      { fields: FRESH, body: 'x'.repeat(2_000_000), breaksOffAfter: 1_500_000 },
      { fields: FRESH },
    ]);
    await ask('/broken').catch(() => {});
    assert.deepEqual(await files(), []);
    assert.equal((await ask('/broken')).body, '2');
  });
});
