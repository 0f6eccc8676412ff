import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { exchange } from '../support/raw-connection.ts';
import type { RawResponse } from '../support/response-reader.ts';
import { useKirin } from '../support/shared-kirin.ts';
import { makeTemporaryFolder, removeFolder } from '../support/temporary-folder.ts';

type Target = Parameters<typeof exchange>[0];

const send = (target: Target, path: string, ...fields: readonly string[]): Promise<RawResponse> =>
  exchange(target, [`GET ${path} HTTP/1.1`, 'Host: a', ...fields, '', ''].join('\r\n'));

async function environ(target: Target, path: string, ...fields: readonly string[]) {
  const response = await send(target, path, ...fields);
  assert.equal(response.status, 200, response.body.toString());
  return JSON.parse(response.body.toString()) as Readonly<Record<string, unknown>>;
}

async function refusal(target: Target, path: string, ...fields: readonly string[]): Promise<number> {
  return (await send(target, path, ...fields)).status;
}

describe('a trusted proxy', () => {
  const schemes = JSON.stringify({ 'X-Scheme': 'tls', 'Front-End-Https': 'on' });
  const kirin = useKirin({
    app: 'environ_dump:app',
    args: ['--secure-scheme-headers', schemes, '--forwarder-headers', 'SCRIPT_NAME,REMOTE_USER'],
  });
  const target = () => ({ port: kirin().port });

  it('says the scheme by the headers that were set, and by no others', async () => {
    assert.equal((await environ(target(), '/', 'X-Scheme: TLS'))['wsgi.url_scheme'], 'https');
    assert.equal((await environ(target(), '/', 'X-Scheme: plain'))['wsgi.url_scheme'], 'http');
    assert.equal((await environ(target(), '/', 'X-Forwarded-Proto: https'))['wsgi.url_scheme'], 'http');
  });

  it('is refused when it says two schemes', async () => {
    assert.equal(await refusal(target(), '/', 'X-Scheme: tls', 'Front-End-Https: off'), 400);
  });

  it('mounts the application and names the user', async () => {
    const variables = await environ(target(), '/shop/cart', 'SCRIPT_NAME: /shop', 'REMOTE_USER: ada');
    assert.equal(variables.SCRIPT_NAME, '/shop');
    assert.equal(variables.PATH_INFO, '/cart');
    assert.equal(variables.HTTP_REMOTE_USER, 'ada');
    assert.equal((await environ(target(), '/shop/cart')).SCRIPT_NAME, '');
  });

  it('is refused when a client may have joined in, and for paths outside the mount', async () => {
    assert.equal(await refusal(target(), '/', 'REMOTE_USER: ada', 'Remote-User: eve'), 400);
    assert.equal(await refusal(target(), '/', 'SCRIPT_NAME: /shop'), 404);
    assert.equal(await refusal(target(), '/shopping', 'SCRIPT_NAME: /shop'), 404);
  });

  it('has other names with underscores dropped', async () => {
    const variables = await environ(target(), '/', 'X_Real_IP: 6.6.6.6', 'PATH_INFO: /other');
    assert.equal('HTTP_X_REAL_IP' in variables, false);
    assert.equal('HTTP_PATH_INFO' in variables, false);
    assert.equal(variables.PATH_INFO, '/');
  });
});

describe('a peer that is not trusted', () => {
  const folder = makeTemporaryFolder();
  after(() => removeFolder(folder));
  const path = join(folder, 'kirin.sock');
  const kirin = useKirin({
    app: 'environ_dump:app',
    bind: ['127.0.0.1:0', `unix:${path}`],
    args: ['--forwarded-allow-ips', '10.0.0.0/8', '--header-map', 'refuse'],
  });
  const claims = ['X-Forwarded-Proto: https', 'X-Forwarded-Ssl: off'];

  it('says nothing about scheme and mount', async () => {
    const variables = await environ({ port: kirin().port }, '/shop/', ...claims);
    assert.equal(variables['wsgi.url_scheme'], 'http');
  });

  it('is refused for any name with an underscore, where that was set', async () => {
    assert.equal(await refusal({ port: kirin().port }, '/shop/', 'SCRIPT_NAME: /shop'), 400);
    assert.equal(await refusal({ port: kirin().port }, '/', 'X_Real_IP: 6.6.6.6'), 400);
  });

  it('is never one on a unix socket', async () => {
    assert.equal(await refusal({ path }, '/', ...claims), 400);
    assert.equal((await environ({ path }, '/shop/', 'SCRIPT_NAME: /shop')).SCRIPT_NAME, '/shop');
    assert.equal(await refusal({ path }, '/', 'X_Real_IP: 6.6.6.6'), 400);
  });
});
