import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { exchange } from '../support/raw-connection.ts';
import { useKirin } from '../support/shared-kirin.ts';
import { waitFor } from '../support/wait-for.ts';

const ADDRESSES = Buffer.from(
  '20010db8000000000000000000000001000000000000000000000000000000020fa001bb',
  'hex',
);
const VERSION_2 = Buffer.concat([Buffer.from('0d0a0d0a000d0a515549540a21210024', 'hex'), ADDRESSES]);
const REQUEST = 'GET /page HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';

describe('behind a proxy that speaks the PROXY protocol', () => {
  const kirin = useKirin({
    app: 'environ_dump:app',
    // Without a value, and with the application right behind it.
    args: [
      '--access-logfile',
      '-',
      '--access-logformat',
      '%(h)s %(U)s %({PROXY_PORT}e)s',
      '--proxy-protocol',
    ],
  });
  const send = (head: string) => exchange({ port: kirin().port }, head);
  const environ = async (head: string): Promise<Readonly<Record<string, unknown>>> => {
    const response = await send(head + REQUEST);
    assert.equal(response.status, 200, response.body.toString());
    return JSON.parse(response.body.toString());
  };

  it('the application sees the client’s address, and what it connected to', async () => {
    const variables = await environ('PROXY TCP4 192.0.2.1 198.51.100.2 56324 443\r\n');
    const { REMOTE_ADDR, REMOTE_PORT, PROXY_PROTOCOL, PROXY_ADDR, PROXY_PORT } = variables;
    assert.deepEqual(
      { REMOTE_ADDR, REMOTE_PORT, PROXY_PROTOCOL, PROXY_ADDR, PROXY_PORT },
      {
        REMOTE_ADDR: '192.0.2.1',
        REMOTE_PORT: '56324',
        PROXY_PROTOCOL: 'TCP4',
        PROXY_ADDR: '198.51.100.2',
        PROXY_PORT: '443',
      },
    );
    assert.equal(variables.SERVER_PORT, String(kirin().port));
  });

  it('so does the access log', async () => {
    await environ(VERSION_2.toString('latin1'));
    await waitForAccess(/^2001:db8::1 \/page 443$/m);
  });

  it('the proxy’s own connections are its own', async () => {
    const variables = await environ('PROXY UNKNOWN\r\n');
    assert.equal(variables.REMOTE_ADDR, '127.0.0.1');
    assert.equal(variables.PROXY_PROTOCOL, 'UNKNOWN');
    assert.equal('PROXY_ADDR' in variables, false);
  });

  it('plain HTTP is served, too', async () => {
    const variables = await environ('');
    assert.equal(variables.REMOTE_ADDR, '127.0.0.1');
    assert.equal('PROXY_PROTOCOL' in variables, false);
  });

  it('nonsense is answered with 400', async () => {
    assert.equal((await send(`PROXY TCP4 x y 1 2\r\n${REQUEST}`)).status, 400);
    assert.equal((await send(`${VERSION_2.toString('latin1').replace('!!', '!1')}${REQUEST}`)).status, 400);
  });

  async function waitForAccess(pattern: RegExp): Promise<void> {
    await waitFor(() => pattern.test(kirin().stdout()), {
      what: String(pattern),
      details: () => kirin().stdout(),
    });
  }
});

describe('a peer that may not speak the PROXY protocol', () => {
  const kirin = useKirin({
    app: 'environ_dump:app',
    args: ['--proxy-protocol', 'v1', '--proxy-allow-from', '192.0.2.0/24'],
  });

  it('is answered with 403', async () => {
    const head = 'PROXY TCP4 192.0.2.1 198.51.100.2 1 2\r\n';
    assert.equal((await exchange({ port: kirin().port }, head + REQUEST)).status, 403);
  });

  it('is served without', async () => {
    assert.equal((await exchange({ port: kirin().port }, REQUEST)).status, 200);
  });
});
