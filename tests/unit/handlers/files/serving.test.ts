import assert from 'node:assert/strict';
import { mkdirSync, rmSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fieldValue, type RawResponse } from '../../../support/response-reader.ts';
import { FileSite, MODIFIED_TEXT } from './file-site.ts';

const TEXT = 'abcdefghijklmnopqrstuvwxyz';

describe('a file', () => {
  let site: FileSite;
  before(async () => {
    site = await FileSite.start();
    site.write('letters.txt', TEXT);
    site.write('folder/index.html', '<p>index');
    site.write('empty.txt', '');
    mkdirSync(join(site.root, 'bare'));
    site.write('a b/100% "ä"\n.txt', 'odd');
    // One in each way to be sent: as text, as bytes from memory, from the file.
    for (const size of [16_384, 16_385, 65_536, 65_537, 300_000]) site.write(`${size}.bin`, pattern(size));
  });
  after(() => site.stop());

  it('is sent with what is to be known about it', async () => {
    const response = await site.get('/static/letters.txt');
    assert.equal(response.status, 200);
    assert.equal(response.body.toString(), TEXT);
    assert.equal(fieldValue(response, 'Content-Type'), 'text/plain; charset=utf-8');
    assert.equal(fieldValue(response, 'Content-Length'), '26');
    assert.equal(fieldValue(response, 'Last-Modified'), MODIFIED_TEXT);
    assert.match(fieldValue(response, 'ETag') ?? '', /^"[!-~]+"$/);
    assert.equal(fieldValue(response, 'Accept-Ranges'), 'bytes');
    for (const absent of ['Vary', 'Content-Encoding', 'Cache-Control', 'Expires', 'Content-Disposition'])
      assert.equal(fieldValue(response, absent), undefined, absent);
  });

  it('is found whatever follows the question mark', async () => {
    assert.equal((await site.get('/static/letters.txt?v=123')).status, 200);
  });

  it('is described by HEAD, with the same fields', async () => {
    const got = await site.get('/static/letters.txt');
    const head = await site.ask('HEAD', '/static/letters.txt');
    const withoutDate = ({ head: text }: RawResponse) => text.replace(/^Date: .*$/m, '');
    assert.equal(withoutDate(head), withoutDate(got));
    assert.equal(head.body.length, 0);
  });

  it('of no bytes is sent', async () => {
    const response = await site.get('/static/empty.txt');
    assert.deepEqual([response.status, response.framing, response.body.length], [200, 'length', 0]);
    assert.equal((await site.get('/static/empty.txt', 'Range: bytes=0-')).status, 416);
    assert.equal((await site.get('/static/empty.txt', 'Range: bytes=-1')).status, 200);
  });

  it('has any name that the file system takes', async () => {
    const response = await site.get('/static/a%20b/100%25%20%22%C3%A4%22%0A.txt');
    assert.equal(response.body.toString(), 'odd');
  });

  for (const size of [16_384, 16_385, 65_536, 65_537, 300_000]) {
    it(`of ${size} bytes arrives whole and in parts, again and again`, async () => {
      const content = pattern(size);
      for (let round = 0; round < 4; round += 1) {
        assert.ok((await site.get(`/static/${size}.bin`)).body.equals(content));
        const part = await site.get(`/static/${size}.bin`, 'Range: bytes=100-16099');
        assert.ok(part.body.equals(content.subarray(100, 16_100)));
        const parts = await site.get(`/static/${size}.bin`, 'Range: bytes=0-9,-10');
        assert.equal(parts.status, 206);
        assert.ok(parts.body.includes(content.subarray(0, 10)));
        assert.ok(parts.body.includes(content.subarray(-10)));
        assert.equal((await site.ask('HEAD', `/static/${size}.bin`)).status, 200);
      }
    });
  }

  it('that is not there is 404, as is one below a file', async () => {
    for (const path of [
      '/static/none',
      '/static/letters.txt/',
      '/static/letters.txt/x',
      `/static/${'x'.repeat(300)}`,
    ])
      assert.equal((await site.get(path)).status, 404, path);
  });

  it('that is not there is found once it is', async () => {
    assert.equal((await site.get('/static/later.txt')).status, 404);
    const path = site.write('later.txt', 'here');
    assert.equal((await site.get('/static/later.txt')).status, 200);
    rmSync(path);
    assert.equal((await site.get('/static/later.txt')).status, 404);
  });

  for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE', 'PROPFIND']) {
    it(`is not for ${method}`, async () => {
      const response = await site.ask(method, '/static/letters.txt', 'Connection: close');
      assert.equal(response.status, 405);
      assert.equal(fieldValue(response, 'Allow'), 'GET, HEAD');
    });
  }

  it('is the index of its folder', async () => {
    const response = await site.get('/static/folder/');
    assert.equal(response.body.toString(), '<p>index');
    assert.equal(fieldValue(response, 'Content-Type'), 'text/html; charset=utf-8');
  });

  it('of a folder is one slash further, and the query stays', async () => {
    const response = await site.get('/static/folder?a=b%20c');
    assert.equal(response.status, 301);
    assert.equal(fieldValue(response, 'Location'), '/static/folder/?a=b%20c');
    assert.equal(fieldValue(await site.get('/static//%66older'), 'Location'), '/static/folder/');
  });

  it('is not the folder that has none', async () => {
    assert.equal((await site.get('/static/bare/')).status, 403);
    assert.equal((await site.get('/static/bare')).status, 403);
  });

  it('is one range', async () => {
    const response = await site.get('/static/letters.txt', 'Range: bytes=2-4');
    assert.equal(response.status, 206);
    assert.equal(response.body.toString(), 'cde');
    assert.equal(fieldValue(response, 'Content-Range'), 'bytes 2-4/26');
    assert.equal(fieldValue(response, 'Content-Type'), 'text/plain; charset=utf-8');
    assert.equal(fieldValue(response, 'Last-Modified'), MODIFIED_TEXT);
    assert.match(fieldValue(response, 'ETag') ?? '', /^"/);
  });

  it('is several ranges, each a part that says what it is (RFC 9110 14.6)', async () => {
    const response = await site.get('/static/letters.txt', 'Range: bytes=-2,0-1,99-');
    assert.equal(response.status, 206);
    assert.equal(fieldValue(response, 'Content-Range'), undefined);
    const type = fieldValue(response, 'Content-Type') ?? '';
    const boundary = /^multipart\/byteranges; boundary=(\S{20,70})$/.exec(type)?.[1];
    assert.ok(boundary, type);
    const part = (range: string, text: string) =>
      `\r\n--${boundary}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Range: bytes ${range}/26\r\n\r\n${text}`;
    assert.equal(
      response.body.toString(),
      `${part('24-25', 'yz')}${part('0-1', 'ab')}\r\n--${boundary}--\r\n`,
    );
  });

  it('is sent whole rather than in ranges that are together longer', async () => {
    const response = await site.get('/static/letters.txt', `Range: bytes=${'0-,'.repeat(60)}0-`);
    assert.deepEqual([response.status, response.body.toString()], [200, TEXT]);
  });

  it('does not have the range: 416 with its length', async () => {
    const response = await site.get('/static/letters.txt', 'Range: bytes=26-');
    assert.equal(response.status, 416);
    assert.equal(fieldValue(response, 'Content-Range'), 'bytes */26');
  });

  it('is not modified: 304 with the fields of a 200 that matter (RFC 9110 15.4.5)', async () => {
    const whole = await site.get('/static/letters.txt');
    const tag = fieldValue(whole, 'ETag') ?? '';
    for (const field of [
      `If-None-Match: ${tag}`,
      `If-None-Match: W/${tag}`,
      `If-Modified-Since: ${MODIFIED_TEXT}`,
    ]) {
      const response = await site.get('/static/letters.txt', field);
      assert.equal(response.status, 304, field);
      assert.equal(response.body.length, 0);
      assert.equal(fieldValue(response, 'ETag'), tag);
      assert.ok(fieldValue(response, 'Date'));
      for (const absent of ['Content-Type', 'Content-Length', 'Content-Encoding'])
        assert.equal(fieldValue(response, absent), undefined, absent);
    }
  });

  it('fails a precondition: 412', async () => {
    assert.equal((await site.get('/static/letters.txt', 'If-Match: "x"')).status, 412);
    assert.equal((await site.get('/static/none.txt', 'If-Match: "x"')).status, 404);
  });

  it('has another tag when it has another content of the same length and time', async () => {
    site.write('same.txt', 'one');
    const first = fieldValue(await site.get('/static/same.txt'), 'ETag');
    site.write('same.txt', 'two', new Date('2024-01-02T03:04:06Z'));
    const second = await site.get('/static/same.txt');
    assert.notEqual(fieldValue(second, 'ETag'), first);
    assert.equal(second.body.toString(), 'two');
    assert.equal((await site.get('/static/same.txt', `If-Range: ${first}`, 'Range: bytes=0-0')).status, 200);
  });

  it('with a time that lies ahead has none (RFC 9110 8.8.2.1)', async () => {
    site.write('ahead.txt', 'x', new Date(Date.now() + 3_600_000));
    const response = await site.get('/static/ahead.txt');
    assert.equal(fieldValue(response, 'Last-Modified'), undefined);
    assert.match(fieldValue(response, 'ETag') ?? '', /^"/);
  });

  it('of more than 4 GiB gives its end', async () => {
    const path = site.write('huge.bin', 'start');
    const size = 5 * 2 ** 30;
    truncateSync(path, size);
    const response = await site.get('/static/huge.bin', `Range: bytes=${size - 3}-`);
    assert.equal(fieldValue(response, 'Content-Range'), `bytes ${size - 3}-${size - 1}/${size}`);
    assert.deepEqual([...response.body], [0, 0, 0]);
    assert.equal(fieldValue(await site.ask('HEAD', '/static/huge.bin'), 'Content-Length'), `${size}`);
    const parts = await site.get('/static/huge.bin', `Range: bytes=0-4,${size - 1}-`);
    assert.ok(parts.body.includes('start'));
  });

  it('that is cut while it is sent breaks the connection off, so that it cannot look whole', async () => {
    const path = site.write('shrinks.bin', Buffer.alloc(20_000_000));
    const client = await site.open();
    client.pause();
    client.send('GET /static/shrinks.bin HTTP/1.1\r\nHost: a\r\n\r\n');
    client.resume();
    await client.peek(100);
    client.pause();
    truncateSync(path, 100);
    client.resume();
    await assert.rejects(client.readResponse(), /ended inside a body/);
    assert.match(site.edge.errorText, /ended \d+ bytes early/);
  });
});

describe('a mapping', () => {
  it('may lead to a single file', async () => {
    const site = await FileSite.start();
    const path = site.write('icon.ico', 'icon');
    const other = await FileSite.start({ prefix: '/favicon.ico', folder: path });
    const response = await other.get('/favicon.ico');
    assert.equal(response.body.toString(), 'icon');
    assert.match(fieldValue(response, 'Content-Type') ?? '', /^image\//);
    assert.equal((await other.get('/favicon.ico/')).status, 404);
    assert.equal((await other.get('/favicon.ico/icon.ico')).status, 404);
    await other.stop();
    await site.stop();
  });

  it('may look the whole path up', async () => {
    const site = await FileSite.start({ mapping: 'root', indexNames: ['first.html', 'index.html'] });
    site.write('static/a.txt', 'rooted');
    site.write('static/b/index.html', 'index');
    assert.equal((await site.get('/static/a.txt')).body.toString(), 'rooted');
    assert.equal((await site.get('/static/b/')).body.toString(), 'index');
    assert.equal(fieldValue(await site.get('/static/b'), 'Location'), '/static/b/');
    site.write('static/b/first.html', 'first');
    assert.equal((await site.get('/static/b/')).body.toString(), 'first');
    await site.stop();
  });

  it('of the whole site never redirects to another host', async () => {
    const site = await FileSite.start({ prefix: '' });
    site.write('evil.example/index.html', 'x');
    assert.equal(fieldValue(await site.get('//evil.example'), 'Location'), '/evil.example/');
    assert.equal(fieldValue(await site.get('///evil.example'), 'Location'), '/evil.example/');
    await site.stop();
  });

  it('hands to the next handler what it has not, and what asks for more than reading', async () => {
    const site = await FileSite.start({ missing: null });
    site.write('a.txt', 'file');
    mkdirSync(join(site.root, 'bare'));
    assert.equal((await site.get('/static/a.txt')).body.toString(), 'file');
    for (const path of [
      '/static/none',
      '/static/bare/',
      '/static/bare',
      '/static/a%2Fb',
      '/static/.env',
      '/static/..',
    ])
      assert.equal((await site.get(path)).body.toString(), 'the application', path);
    assert.equal(
      (await site.ask('POST', '/static/a.txt', 'Content-Length: 0')).body.toString(),
      'the application',
    );
    await site.stop();
  });

  it('can answer another status where there is nothing', async () => {
    const site = await FileSite.start({ missing: 410 });
    assert.equal((await site.get('/static/none')).status, 410);
    await site.stop();
  });

  it('says how long a file may be kept, also with 304 and 206', async () => {
    const site = await FileSite.start({ cacheControl: 'max-age=60, public', expiresSeconds: 60 });
    site.write('a.txt', 'file');
    const whole = await site.get('/static/a.txt');
    const tag = fieldValue(whole, 'ETag');
    const others = [
      await site.get('/static/a.txt', `If-None-Match: ${tag}`),
      await site.get('/static/a.txt', 'Range: bytes=0-0'),
    ];
    for (const response of [whole, ...others]) {
      assert.equal(fieldValue(response, 'Cache-Control'), 'max-age=60, public');
      const expires = Date.parse(fieldValue(response, 'Expires') ?? '');
      const date = Date.parse(fieldValue(response, 'Date') ?? '');
      assert.ok(Math.abs(expires - date - 60_000) <= 2000, `${expires - date}`);
    }
    await site.stop();
  });
});

function pattern(size: number): Buffer {
  return Buffer.from(Uint8Array.from({ length: size }, (_, index) => (index * 7 + (index >> 8)) & 255));
}
