import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { exchange } from '../support/raw-connection.ts';
import { useKirin } from '../support/shared-kirin.ts';

const SCHEMES = '{"X-Scheme": "https"}';

describe('a server that was asked to be lenient', () => {
  const kirin = useKirin({
    app: 'environ_dump:app',
    args: [
      '--strip-header-spaces',
      '--permit-obsolete-folding',
      '--permit-unconventional-http-version',
      '--casefold-http-method',
      '--secure-scheme-headers',
      SCHEMES,
    ],
  });
  const send = (...lines: readonly string[]) =>
    exchange({ port: kirin().port }, [...lines, '', ''].join('\r\n'));

  it('has the application see what it would without that', async () => {
    const { status, body } = await send(
      'post /page HTTP/1.2',
      'Host: a',
      'X-Device : 7',
      'X-Certificate: one',
      '\ttwo',
      'Content-Length: 0',
    );
    assert.equal(status, 200);
    const environ = JSON.parse(body.toString());
    assert.equal(environ.REQUEST_METHOD, 'POST');
    assert.equal(environ.SERVER_PROTOCOL, 'HTTP/1.1');
    assert.equal(environ.HTTP_X_DEVICE, '7');
    assert.equal(environ.HTTP_X_CERTIFICATE, 'one two');
    assert.equal(environ.CONTENT_LENGTH, '0');
  });

  it('still refuses what another could read otherwise', async () => {
    for (const lines of [
      ['Transfer-Encoding : chunked'],
      ['Content-Length : 0'],
      ['X-Forwarded-For : 192.0.2.1'],
      ['X-Scheme : https'],
      ['A: b', ' Content-Length: 5'],
      ['Transfer-Encoding:', ' chunked'],
    ]) {
      assert.equal((await send('GET / HTTP/1.1', 'Host: a', ...lines)).status, 400, lines.join(' | '));
    }
    assert.equal((await send('head / HTTP/1.1', 'Host: a')).status, 400);
    assert.equal((await send('GET / HTTP/2.0', 'Host: a')).status, 505);
  });

  it('is lenient in what was asked for only', async () => {
    assert.equal((await send('x / HTTP/1.1', 'Host: a')).status, 400);
  });
});

describe('a server that takes any method', () => {
  const kirin = useKirin({ app: 'environ_dump:app', args: ['--permit-unconventional-http-method'] });

  it('hands it on as it came', async () => {
    const { status, body } = await exchange({ port: kirin().port }, 'get / HTTP/1.1\r\nHost: a\r\n\r\n');
    assert.equal(status, 200);
    assert.equal(JSON.parse(body.toString()).REQUEST_METHOD, 'get');
  });
});
