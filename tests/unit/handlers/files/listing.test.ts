import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { answerWithListing } from '../../../../src/handlers/files/listing.ts';
import { fieldValue } from '../../../support/response-reader.ts';
import { FakeExchange, get } from '../fake-exchange.ts';
import { FileSite } from './file-site.ts';

interface Entry {
  readonly name: string;
  readonly type: string;
  readonly size?: number;
  readonly mtime: string;
}

describe('a listing', () => {
  let site: FileSite;
  before(async () => {
    site = await FileSite.start({ listing: true });
    site.write('b.txt', 'xx', new Date('2024-01-03T00:00:00Z'));
    site.write('a10.txt', 'xxx', new Date('2024-01-01T00:00:00Z'));
    site.write('a9.txt', 'x', new Date('2024-01-02T00:00:00Z'));
    site.write('folder/inner.txt', 'x');
    site.write('.hidden', 'x');
    site.write('indexed/index.html', 'the index');
    mkdirSync(join(site.root, 'empty'));
    for (const name of [
      '<script>alert(1)</script>',
      '"quoted" & \'so\'',
      'javascript:alert(1)',
      'ä ö%20?#\n',
    ])
      site.write(`odd/${name.replaceAll('/', '∕')}`, 'odd');
    writeFileSync(
      Buffer.concat([Buffer.from(`${site.root}/odd/`), Buffer.from([0xe4, 0x2e, 0x74])]),
      'latin',
    );
  });
  after(() => site.stop());

  const json = async (path: string): Promise<Entry[]> => {
    const response = await site.get(path, 'Accept: application/json');
    assert.equal(fieldValue(response, 'Content-Type'), 'application/json');
    return JSON.parse(response.body.toString()) as Entry[];
  };
  const names = async (path: string) => (await json(path)).map(({ name }) => name);

  it('has folders first, then files in the order of their names and numbers, and nothing hidden', async () => {
    assert.deepEqual(await names('/static/'), [
      'empty',
      'folder',
      'indexed',
      'odd',
      'a9.txt',
      'a10.txt',
      'b.txt',
    ]);
  });

  for (const [query, expected] of [
    ['sort=name&order=desc', ['b.txt', 'a10.txt', 'a9.txt']],
    ['sort=size', ['a9.txt', 'b.txt', 'a10.txt']],
    ['sort=size&order=desc', ['a10.txt', 'b.txt', 'a9.txt']],
    ['sort=modified', ['a10.txt', 'a9.txt', 'b.txt']],
    ['order=desc&sort=modified', ['b.txt', 'a9.txt', 'a10.txt']],
    ['sort=nonsense&order=%ff', ['a9.txt', 'a10.txt', 'b.txt']],
  ] as const) {
    it(`is sorted by ${query}`, async () => {
      const found = await names(`/static/?${query}`);
      assert.deepEqual(
        found.filter((name) => name.endsWith('.txt')),
        expected,
      );
    });
  }

  it('has names with accents where readers look for them', async () => {
    for (const name of ['zebra', 'über', 'täglich', 'Vase']) site.write(`words/${name}`, 'x');
    assert.deepEqual(await names('/static/words/'), ['täglich', 'über', 'Vase', 'zebra']);
  });

  it('tells type, size and time', async () => {
    const entries = await json('/static/');
    assert.deepEqual(
      entries.find(({ name }) => name === 'b.txt'),
      {
        name: 'b.txt',
        type: 'file',
        mtime: 'Wed, 03 Jan 2024 00:00:00 GMT',
        size: 2,
      },
    );
    assert.equal(entries.find(({ name }) => name === 'folder')?.type, 'directory');
  });

  it('is a page for a browser, and for everybody who does not prefer JSON', async () => {
    const browser = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8';
    for (const accept of [
      browser,
      '*/*',
      'application/json;q=0.5, text/html',
      'text/*, application/json;q=0.9',
    ]) {
      const response = await site.get('/static/', `Accept: ${accept}`);
      assert.equal(fieldValue(response, 'Content-Type'), 'text/html; charset=utf-8', accept);
      assert.equal(fieldValue(response, 'Vary'), 'Accept');
    }
    assert.equal(fieldValue(await site.get('/static/'), 'Content-Type'), 'text/html; charset=utf-8');
  });

  it('is JSON for who names that and no page, or likes it more', async () => {
    for (const accept of [
      'application/json, text/plain, */*',
      'application/json;q=0.5, */*;q=0.5',
      'text/html;q=0.5, application/json;q=0.6',
      'application/*, text/html;q=0.9',
    ]) {
      const response = await site.get('/static/', `Accept: ${accept}`);
      assert.equal(fieldValue(response, 'Content-Type'), 'application/json', accept);
    }
    for (const accept of ['application/json;q=0, */*;q=0', 'application/json;q=0.4, */*;q=0.5']) {
      const response = await site.get('/static/', `Accept: ${accept}`);
      assert.equal(fieldValue(response, 'Content-Type'), 'text/html; charset=utf-8', accept);
    }
  });

  it('links to what it shows, whatever its name, and no name is taken for markup', async () => {
    const response = await site.get('/static/odd/');
    const page = response.body.toString();
    assert.doesNotMatch(page, /<script|href="javascript/);
    const links = [...page.matchAll(/<td><a href="(?!\.\.\/")([^"]+)">/g)].map((match) => match[1] as string);
    assert.equal(links.length, 5);
    for (const link of links) {
      assert.ok(link.startsWith('./'), link);
      const target = new URL(link.replaceAll('&amp;', '&').replaceAll('&#39;', "'"), 'http://a/static/odd/');
      assert.equal((await site.get(`${target.pathname}${target.search}`)).status, 200, link);
    }
    assert.match(fieldValue(response, 'Content-Security-Policy') ?? '', /default-src 'none'/);
    assert.equal(fieldValue(response, 'X-Content-Type-Options'), 'nosniff');
  });

  it('has its style beside it, so that a site may forbid styles in pages', async () => {
    const page = (await site.get('/static/folder/')).body.toString();
    assert.doesNotMatch(page, /<style|style="/);
    const [, link] = /<link rel="stylesheet" href="([^"]+)">/.exec(page) ?? [];
    const style = await site.get(`/static/folder/${link}`);
    assert.equal(fieldValue(style, 'Content-Type'), 'text/css; charset=utf-8');
    assert.equal(fieldValue(style, 'Cache-Control'), 'max-age=3600');
    assert.match(style.body.toString(), /^:root \{/);
  });

  it('has the path that clients see as its title', async () => {
    assert.match((await site.get('/static/folder/')).body.toString(), /<title>\/static\/folder\/<\/title>/);
  });

  it('leads up, but not out', async () => {
    assert.match((await site.get('/static/folder/')).body.toString(), /href="\.\.\/"/);
    assert.doesNotMatch((await site.get('/static/')).body.toString(), /href="\.\.\/"/);
  });

  it('says that a folder is empty', async () => {
    assert.match((await site.get('/static/empty/')).body.toString(), /This folder is empty/);
  });

  it('gives way to an index', async () => {
    assert.equal((await site.get('/static/indexed/')).body.toString(), 'the index');
  });

  it('is one slash further', async () => {
    assert.equal(fieldValue(await site.get('/static/folder'), 'Location'), '/static/folder/');
  });

  it('is described by HEAD', async () => {
    const response = await site.ask('HEAD', '/static/');
    assert.equal(response.status, 200);
    assert.ok(Number(fieldValue(response, 'Content-Length')) > 0);
  });

  it('of thousands of files is made', async () => {
    for (let number = 0; number < 3000; number += 1) site.write(`many/${number}`, '');
    assert.equal((await names('/static/many/')).length, 3000);
  });
});

describe('a folder that several ask for at once', () => {
  const entries = [{ name: 'a', isFolder: false, size: 1, modifiedMs: 0 }];
  const folder = { names: ['folder'], entries, omitted: 0 };

  function bodyOf(path: string, ...fields: readonly string[]): string | Buffer {
    const exchange = new (class extends FakeExchange {
      sent: string | Buffer = '';
      override respond(_head: string, _flags: number, body: string | Buffer): void {
        this.sent = body;
      }
    })(get(path, ...fields));
    answerWithListing(exchange, folder);
    return exchange.sent;
  }

  it('has one page made for all of them, for each order and path', () => {
    const page = bodyOf('/folder/');
    assert.equal(bodyOf('/folder/?other=1'), page);
    const others = [
      bodyOf('/folder/?sort=size'),
      bodyOf('/folder/?order=desc'),
      bodyOf('/alias/'),
      bodyOf('/folder/', 'Accept: application/json'),
    ];
    assert.equal(new Set([page, ...others].map(String)).size, 5);
    assert.equal(bodyOf('/folder/', 'Accept: application/json'), others[3]);
  });
});
