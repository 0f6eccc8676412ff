import assert from 'node:assert/strict';
import { test } from 'node:test';
import { httpsPortOf } from '../../../src/edge/https-port.ts';
import type { ListenerSpec } from '../../../src/protocol/supervision/edge.ts';

const tcp = (port: number, scheme?: 'http' | 'https'): ListenerSpec => ({
  fd: 5,
  kind: 'tcp',
  host: '::',
  port,
  ...(scheme === undefined ? {} : { scheme }),
});

test('a URL names the port of HTTPS, unless that is the usual one', () => {
  assert.equal(httpsPortOf([tcp(80, 'http'), tcp(8443, 'https')], true), 8443);
  assert.equal(httpsPortOf([tcp(80, 'http'), tcp(8443)], true), 8443);
  assert.equal(httpsPortOf([tcp(8443, 'https'), tcp(443, 'https')], true), null);
});

test('it is not known where nobody speaks HTTPS, or only on unix sockets', () => {
  assert.equal(httpsPortOf([tcp(80, 'http')], true), null);
  assert.equal(httpsPortOf([tcp(8000)], false), null);
  assert.equal(httpsPortOf([{ fd: 5, kind: 'unix', path: '/a', scheme: 'https' }], true), null);
});
