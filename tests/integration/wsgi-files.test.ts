import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { exchange, RawConnection } from '../support/raw-connection.ts';
import { fieldValue, type RawResponse } from '../support/response-reader.ts';
import { useKirin } from '../support/shared-kirin.ts';
import { makeTemporaryFolder, removeFolder } from '../support/temporary-folder.ts';
import { waitFor } from '../support/wait-for.ts';

describe('wsgi.file_wrapper', () => {
  const folder = makeTemporaryFolder();
  const path = join(folder, 'file.bin');
  const content = Buffer.from(
    Uint8Array.from({ length: 3_000_000 }, (_, index) => (index * 7 + (index >> 8)) & 255),
  );
  writeFileSync(path, content);
  after(() => removeFolder(folder));

  const kirin = useKirin({ app: 'files:app', env: { FILE: path }, args: ['--workers', '1'] });

  const get = (page: string, method = 'GET'): Promise<RawResponse> =>
    exchange({ port: kirin().port }, `${method} ${page} HTTP/1.1\r\nHost: a\r\n\r\n`, { method });

  it('sends a regular file whole', async () => {
    const response = await get('/regular');
    assert.equal(response.framing, 'length');
    assert.ok(response.body.equals(content));
  });

  it('sends a regular file whole when the application gives no length', async () => {
    assert.ok((await get('/regular-without-length')).body.equals(content));
  });

  it('sends it to an HTTP/1.0 client', async () => {
    const response = await exchange({ port: kirin().port }, 'GET /regular-without-length HTTP/1.0\r\n\r\n');
    assert.ok(response.body.equals(content));
  });

  it("sends from the file's position as much as the Content-Length says", async () => {
    const response = await get('/range?from=1000&length=5000');
    assert.ok(response.body.equals(content.subarray(1000, 6000)));
  });

  it("sends from the file's position to its end", async () => {
    assert.ok((await get('/from-position?from=2999000')).body.equals(content.subarray(2_999_000)));
  });

  it('sends a file that has no name any more', async () => {
    const response = await get('/unlinked');
    assert.equal(response.body.toString(), 'temporary '.repeat(100_000));
  });

  it('sends what only has read()', async () => {
    assert.equal((await get('/in-memory')).body.toString(), 'in memory '.repeat(1000));
  });

  it('sends an empty file', async () => {
    assert.equal((await get('/empty')).body.length, 0);
  });

  it('can be iterated by the application itself', async () => {
    assert.ok((await get('/iterated')).body.equals(content));
  });

  it('closes the file', async () => {
    await get('/closed-after');
    await waitFor(async () => JSON.parse((await get('/which-closed')).body.toString()).includes(path));
  });

  it('answers HEAD without the bytes, and goes on', async () => {
    const connection = await RawConnection.open({ port: kirin().port });
    connection.send('HEAD /regular HTTP/1.1\r\nHost: a\r\n\r\n');
    const head = await connection.readResponse({ method: 'HEAD' });
    assert.equal(fieldValue(head, 'Content-Length'), '3000000');
    connection.send('GET /range?from=0&length=3 HTTP/1.1\r\nHost: a\r\n\r\n');
    assert.ok((await connection.readResponse()).body.equals(content.subarray(0, 3)));
    connection.destroy();
  });

  it('answers 500 when the file is shorter than the application said', async () => {
    assert.equal((await get('/shorter-than-said')).status, 500);
    await kirin().waitForLog(/declared 3000100 bytes and gave 3000000/);
  });

  it('frees the worker while a slow client takes its file', async () => {
    const slow = await RawConnection.open({ port: kirin().port });
    slow.pause();
    slow.send('GET /regular HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(5));
    const response = await get('/in-memory');
    assert.equal(response.status, 200);
    slow.resume();
    for (let number = 0; number < 5; number++) assert.ok((await slow.readResponse()).body.equals(content));
    slow.destroy();
  });
});
