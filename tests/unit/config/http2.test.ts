import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigError } from '../../../src/config/config-error.ts';
import { resolveSettings } from '../../../src/config/resolve.ts';
import { machine } from './fake-machine.ts';

const resolve = (...argv: readonly string[]) =>
  resolveSettings({
    argv: [...argv, 'main:app'],
    env: {},
    cwd: '/srv/app',
    machine: machine({ folders: ['/srv/app'] }),
  });
const complaint = (...argv: readonly string[]): string => {
  try {
    resolve(...argv);
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  return '';
};

test('versions of HTTP are a list, in the order of preference', () => {
  const of = (text: string) => resolve('--certfile', 'a', '--http-protocols', text).settings.http_protocols;
  assert.deepEqual(of('h2,h1'), ['h2', 'h1']);
  assert.deepEqual(of(' H1 , h2,'), ['h1', 'h2']);
  assert.deepEqual(of(''), ['h1']);
  assert.match(complaint('--http-protocols', 'h3'), /'h3' is no version of HTTP; give h1, or h2,h1$/);
  assert.match(complaint('--http-protocols', 'h2,h2'), /'h2' is given twice$/);
});

test('HTTP/2 without a certificate is told of, for nobody will speak it', () => {
  const [notice] = resolve('--http-protocols', 'h2,h1').notices;
  assert.equal(notice?.level, 'warning');
  assert.match(
    notice?.message ?? '',
    /^http_protocols \(from the command line\) names h2, and without a certificate/,
  );
  assert.deepEqual(resolve('--http-protocols', 'h2,h1', '--certfile', 'a').notices, []);
});

test('limits of HTTP/2 have Gunicorn’s ranges', () => {
  const { settings } = resolve();
  assert.deepEqual(
    [
      settings.http2_max_concurrent_streams,
      settings.http2_initial_window_size,
      settings.http2_max_frame_size,
      settings.http2_max_header_list_size,
    ],
    [100, 65_535, 16_384, 65_536],
  );
  for (const [flag, wrong, right] of [
    ['--http2-max-concurrent-streams', '0', '1'],
    ['--http2-initial-window-size', '2147483648', '2147483647'],
    ['--http2-max-frame-size', '16383', '16384'],
    ['--http2-max-frame-size', '16777216', '16777215'],
    ['--http2-max-header-list-size', '-1', '0'],
  ] as const) {
    assert.match(complaint(flag, wrong), /must be \d+ or (?:more|less)$/);
    assert.equal(complaint(flag, right), '');
  }
});

test('HTTP/2 without TLS begins at once, or not at all', () => {
  const of = (text: string) => resolve('--http-protocols', 'h2', '--http2-cleartext', text);
  assert.equal(of('prior-knowledge').settings.http2_cleartext, 'prior-knowledge');
  assert.deepEqual(of('prior-knowledge').notices, []);
  assert.equal(of('OFF').settings.http2_cleartext, 'off');
  assert.match(
    complaint('--http2-cleartext', 'upgrade'),
    /RFC 9113 has done away with it; give prior-knowledge$/,
  );
  assert.match(complaint('--http2-cleartext', 'yes'), /not one of off, prior-knowledge, upgrade, both$/);
});
