import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdirSync, readlinkSync, renameSync, writeFileSync } from 'node:fs';
import { constants } from 'node:http2';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { CertificateFolder, opensslIsMissing } from '../support/certificates.ts';
import { answerOf, openHttp2, request } from '../support/http2-client.ts';
import { RawConnection } from '../support/raw-connection.ts';
import { useKirin } from '../support/shared-kirin.ts';
import { waitFor } from '../support/wait-for.ts';

/** Beyond what is kept in memory, so that it is sent in pieces, whose buffers are used again. */
const LARGE_BYTES = 6_000_000;
const FILES = 4;

describe('static files over TLS', { skip: opensslIsMissing }, () => {
  const folder = new CertificateFolder();
  const { cert, key } = folder.certificate('server');
  const ca = folder.read(cert);
  const contents = Array.from({ length: FILES }, (_, number) =>
    Buffer.from(Uint32Array.from({ length: LARGE_BYTES / 4 }, (_, index) => index * FILES + number).buffer),
  );
  const kirin = useKirin(() => {
    for (const [number, content] of contents.entries())
      writeFileSync(join(folder.path, `${number}.bin`), content);
    writeFileSync(join(folder.path, 'small.txt'), 'small');
    const tls = ['--certfile', cert, '--keyfile', key, '--http-protocols', 'h2,h1'];
    return { app: 'echo:app', args: [...tls, '--static', `/files=${folder.path}`] };
  });
  after(() => folder.remove());

  it('arrive whole over HTTP/1, however many are sent at once to clients that stop now and then', async () => {
    const clients = await Promise.all(
      contents.map(() => RawConnection.open({ port: kirin().port, tls: { ca, servername: 'localhost' } })),
    );
    const bodies = clients.map(async (client, number) => {
      client.pause();
      client.send(`GET /files/${number}.bin HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
      for (let round = 0; round < 50; round += 1) {
        client.resume();
        await turn();
        client.pause();
        await turn();
      }
      client.resume();
      return (await client.readResponse({ timeoutMs: 60_000 })).body;
    });
    for (const [number, body] of (await Promise.all(bodies)).entries())
      assert.ok(body.equals(contents[number] as Buffer), `${number}`);
    for (const client of clients) client.destroy();
  });

  it('arrive whole over HTTP/2, as streams of one connection', async () => {
    const session = openHttp2(kirin().port, { ca });
    const answers = contents.map((_, number) =>
      answerOf(request(session, { ':path': `/files/${number}.bin` }), 60_000),
    );
    for (const [number, { status, body }] of (await Promise.all(answers)).entries()) {
      assert.equal(status, 200);
      assert.ok(body.equals(contents[number] as Buffer), `${number}`);
    }
    session.destroy();
  });

  it('are let go when their clients reset them, or leave', async () => {
    const path = join(folder.path, 'left.bin');
    writeFileSync(path, Buffer.alloc(LARGE_BYTES));
    for (let round = 0; round < 10; round += 1) {
      const session = openHttp2(kirin().port, { ca });
      const stream = request(session, { ':path': '/files/left.bin' });
      await once(stream, 'response');
      stream.pause();
      if (round % 2 === 0) stream.close(constants.NGHTTP2_CANCEL);
      else session.destroy();
      if (round % 2 === 0) await once(stream, 'close');
      session.destroy();
    }
    // What is still open is what is known of the file, until it is another.
    writeFileSync(`${path}.new`, 'another');
    renameSync(`${path}.new`, path);
    const session = openHttp2(kirin().port, { ca });
    const body = async () =>
      (await answerOf(request(session, { ':path': '/files/left.bin' }))).body.toString();
    await waitFor(async () => (await body()) === 'another');
    const open = () => openFiles(kirin().edgePid()).filter((file) => file.includes('left.bin'));
    await waitFor(() => open().length === 0, {
      what: 'the end of descriptors',
      details: () => open().join(', '),
    });
    session.destroy();
  });

  it('are asked for over HTTP/2 as over HTTP/1', async () => {
    const session = openHttp2(kirin().port, { ca });
    const ask = (fields: Record<string, string>) =>
      answerOf(request(session, { ':path': '/files/small.txt', ...fields }));
    const whole = await ask({});
    assert.equal(whole.body.toString(), 'small');
    assert.equal(whole.fields['content-type'], 'text/plain; charset=utf-8');
    assert.equal((await ask({ 'if-none-match': String(whole.fields.etag) })).status, 304);
    const part = await ask({ range: 'bytes=1-2' });
    assert.deepEqual([part.status, part.body.toString()], [206, 'ma']);
    assert.equal((await ask({ range: 'bytes=0-0,4-4' })).status, 206);
    assert.equal((await ask({ range: 'bytes=9-' })).status, 416);
    const head = await ask({ ':method': 'HEAD' });
    assert.deepEqual([head.status, head.fields['content-length'], head.body.length], [200, '5', 0]);
    const large = await ask({ ':path': '/files/0.bin', range: 'bytes=0-3,-4' });
    assert.ok(large.body.includes((contents[0] as Buffer).subarray(-4)));
    assert.equal((await ask({ ':path': '/files/none' })).status, 404);
    session.destroy();
  });
});

/** What the descriptors of a process lead to. */
function openFiles(pid: number): string[] {
  return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/${pid}/fd/${fd}`)];
    } catch {
      return [];
    }
  });
}
