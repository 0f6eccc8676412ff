import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { AppFolder } from '../support/app-folder.ts';
import { checkDocumented } from '../support/documented.ts';
import { type KirinProcess, startKirin } from '../support/kirin.ts';
import { exchange, RawConnection } from '../support/raw-connection.ts';
import { waitFor } from '../support/wait-for.ts';

const APP = `
import os, time
def app(environ, start_response):
    body = environ["wsgi.input"].read()
    if environ["PATH_INFO"] == "/held":
        while not os.path.exists(environ["QUERY_STRING"]):
            time.sleep(0.01)
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"%d bytes" % len(body)]
`;

const LIMITS = `
app = "main:app"
bind = "127.0.0.1:0"
threads = 4

[[sites]]
[[sites.routes]]
path = "/strict"
rate_limit = { rate = "1/h", key = "$http_x_key", burst = 1, delay = false }

[[sites.routes]]
path = "/held-up"
rate_limit = { rate = "5/s", key = "all", burst = 10 }

[[sites.routes]]
path = "/held"
connection_limit = { limit = 1, key = "$http_x_key" }
`;

describe('limits of routes', () => {
  let folder: AppFolder;
  let kirin: KirinProcess;

  before(async () => {
    folder = new AppFolder({ 'main.py': APP, 'kirin.toml': LIMITS });
    kirin = await startKirin({ bind: [], cwd: folder.path });
  });

  after(async () => {
    await kirin.stop();
    folder.remove();
  });

  const ask = (target: string, key: string) =>
    exchange({ port: kirin.port }, `GET ${target} HTTP/1.1\r\nHost: a\r\nX-Key: ${key}\r\n\r\n`);

  it('answer 429 with Retry-After to whoever asks too often, also after a reload', async () => {
    for (const expected of [200, 200, 429]) assert.equal((await ask('/strict', 'a')).status, expected);
    assert.equal((await ask('/strict', 'b')).status, 200);
    await kirin.waitForLog(/Too many requests of a: answered GET \/strict \(from 127\.0\.0\.1\) with 429/);
    const from = kirin.log().length;
    kirin.signal('SIGHUP');
    await kirin.waitForLog(/Ready: \d+ worker/, { from });
    const refused = await ask('/strict', 'a');
    assert.equal(refused.status, 429);
    const retryAfter = refused.fields.find(([name]) => name.toLowerCase() === 'retry-after')?.[1];
    assert.ok(Number(retryAfter) > 3000 && Number(retryAfter) <= 3600, retryAfter);
  });

  it('hold up what comes too early, and keep its body whole meanwhile', async () => {
    const body = 'x'.repeat(300_000);
    const request = `POST /held-up HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
    const startedMs = performance.now();
    const responses = await Promise.all(
      Array.from({ length: 4 }, () => exchange({ port: kirin.port }, request)),
    );
    assert.deepEqual(
      responses.map(({ status, body }) => [status, body.toString()]),
      Array.from({ length: 4 }, () => [200, '300000 bytes']),
    );
    assert.ok(performance.now() - startedMs >= 590, 'the fourth waits for 600 ms');
  });

  it('let in no more at once than they say', async () => {
    const [first, second] = [await RawConnection.open({ port: kirin.port }), '/held?free'];
    first.send('GET /held?free HTTP/1.1\r\nHost: a\r\nX-Key: k\r\n\r\n');
    await waitFor(async () => (await ask('/held?/', 'k')).status === 429, { what: 'the limit' });
    assert.equal((await ask('/held?/', 'other')).status, 200);
    folder.write(second.slice('/held?'.length), '');
    assert.equal((await first.readResponse()).status, 200);
    first.destroy();
    await waitFor(async () => (await ask('/held?/', 'k')).status === 200, { what: 'the end of the first' });
  });

  it('are as the documentation shows them', () => checkDocumented('docs/operate/limits.md'));
});
