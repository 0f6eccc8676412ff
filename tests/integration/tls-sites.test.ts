import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import type { ConnectionOptions } from 'node:tls';
import { CertificateFolder, opensslIsMissing } from '../support/certificates.ts';
import { listeningPorts } from '../support/listening-ports.ts';
import { fixture } from '../support/project.ts';
import { RawConnection } from '../support/raw-connection.ts';
import type { RawResponse } from '../support/response-reader.ts';
import { useKirin } from '../support/shared-kirin.ts';

async function ask(
  port: number,
  target: string,
  host: string,
  tls?: ConnectionOptions,
): Promise<RawResponse> {
  const client = await RawConnection.open(tls === undefined ? { port } : { port, tls });
  client.send(`GET ${target} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
  const response = await client.readResponse();
  await client.readToEnd();
  return response;
}

describe('sites over HTTP and HTTPS', { skip: opensslIsMissing }, () => {
  const folder = new CertificateFolder();
  const { cert, key } = folder.certificate('server');
  const tls = { ca: folder.read(cert), servername: 'localhost' };
  after(() => folder.remove());
  folder.write(
    'kirin.toml',
    `
app = "environ_dump:app"
chdir = "${fixture('apps')}"
bind = ["http://127.0.0.1:0", "https://127.0.0.1:0"]
certfile = "${cert}"
keyfile = "${key}"

[[sites]]
hosts = "shop.example"
https_only = true
hsts = "1y"

[[sites.routes]]
path = "/health"
https_only = false
respond = "fine"

[[sites.routes]]
respond = "shop"

[[sites]]
[[sites.routes]]
scheme = "http"
respond = "plain"

[[sites.routes]]
respond = "encrypted"
`,
  );
  const kirin = useKirin({
    args: ['-c', folder.file('kirin.toml')],
    bind: [],
  });
  const ports = () => listeningPorts(kirin());

  it('send plain requests to HTTPS where the site wants that', async () => {
    const { http, https } = ports();
    const response = await ask(http, '/a?b', 'shop.example:80');
    assert.equal(response.status, 308);
    assert.match(response.head, new RegExp(`Location: https://shop\\.example:${https}/a\\?b\r\n`));
    assert.doesNotMatch(response.head, /strict-transport-security/i);
    assert.equal((await ask(http, '/health', 'shop.example')).body.toString(), 'fine');
  });

  it('say Strict-Transport-Security', async () => {
    const response = await ask(ports().https, '/a', 'shop.example', tls);
    assert.equal(response.body.toString(), 'shop');
    assert.match(response.head, /Strict-Transport-Security: max-age=31536000\r\n/);
  });

  it('have routes for one of them', async () => {
    const { http, https } = ports();
    assert.equal((await ask(http, '/', 'other.example')).body.toString(), 'plain');
    assert.equal((await ask(https, '/', 'other.example', tls)).body.toString(), 'encrypted');
  });
});
