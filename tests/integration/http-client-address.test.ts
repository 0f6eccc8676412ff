import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { AppFolder } from '../support/app-folder.ts';
import { EACH_VERSION } from '../support/ask-site.ts';
import { useKirin } from '../support/shared-kirin.ts';
import { waitFor } from '../support/wait-for.ts';

const APP = `
def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [f"{environ['REMOTE_ADDR']} {environ.get('REMOTE_PORT')}".encode()]
`;

const SITES = `
app = "main:app"
bind = "127.0.0.1:0"
real_ip_header = "X-Forwarded-For"

[[sites]]
hosts = ["shop.example"]
access_log = { file = "access.log", format = "$remote_addr $request_uri" }

[[sites.routes]]
path = "/office"
allow = "203.0.113.0/24"

[[sites.routes]]
path = "/limited"
rate_limit = "1/h"

[[sites.routes]]
path = "/told"
respond = "ok"
add_headers = { X-Told = "$remote_addr", X-Sent = "$proxy_add_x_forwarded_for" }
`;

/** Of the peer, which is one of the proxies. */
const ADDRESSES: Readonly<Record<string, string>> = { 'HTTP/1.1': '127.0.0.1', 'HTTP/2': '127.0.0.2' };

for (const [version, ask] of EACH_VERSION) {
  describe(`the address that a proxy tells of its client, with ${version}`, () => {
    const peer = ADDRESSES[version];
    const ours =
      version === 'HTTP/2' ? 'http_protocols = "h2,h1"\nhttp2_cleartext = "prior-knowledge"\n' : '';
    const kirinToml = `${ours}forwarded_allow_ips = ["${peer}", "192.0.2.0/24"]\n${SITES}`;
    const folder = new AppFolder({ 'main.py': APP, 'kirin.toml': kirinToml });
    const kirin = useKirin({ bind: [], cwd: folder.path });
    after(() => folder.remove());

    const from = (told: string, target: string) =>
      ask(kirin().port, target, { host: 'shop.example', fields: { 'X-Forwarded-For': told } });

    it('is the client’s for the application', async () => {
      assert.equal((await from('203.0.113.7', '/')).text, '203.0.113.7 None');
      assert.equal((await from('203.0.113.8, 192.0.2.1', '/')).text, '203.0.113.8 None');
      const [address, port] = (await from('nobody', '/')).text.split(' ');
      assert.equal(address, peer);
      assert.match(port ?? '', /^\d+$/);
    });

    it('decides who may, whatever the client claims', async () => {
      assert.equal((await from('203.0.113.7', '/office')).status, 200);
      assert.equal((await from('198.51.100.7', '/office')).status, 403);
      assert.equal((await from('203.0.113.7, 198.51.100.7', '/office')).status, 403);
    });

    it('is whose requests are counted', async () => {
      const statuses: number[] = [];
      for (const address of ['198.51.100.1', '198.51.100.1', '203.0.113.1'])
        statuses.push((await from(address, '/limited')).status);
      assert.deepEqual(statuses, [200, 429, 200]);
    });

    it('is in variables and logs; servers behind are told the way that the request came', async () => {
      const { headers } = await from('203.0.113.9, 192.0.2.1', '/told');
      assert.equal(headers.get('x-told'), '203.0.113.9');
      assert.equal(headers.get('x-sent'), `203.0.113.9, 192.0.2.1, ${peer}`);
      const log = join(folder.path, 'access.log');
      await waitFor(() => existsSync(log) && readFileSync(log, 'utf8').includes('203.0.113.9 /told\n'), {
        what: 'the line',
      });
    });
  });
}
