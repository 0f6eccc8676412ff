import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { exchange } from '../support/raw-connection.ts';
import { useKirin } from '../support/shared-kirin.ts';
import { makeTemporaryFolder, removeFolder } from '../support/temporary-folder.ts';

const BODY = 'a line\nanother\nthe end';
const WITH_LENGTH = `Content-Length: ${BODY.length}\r\n\r\n${BODY}`;
const CHUNKED = `Transfer-Encoding: chunked\r\n\r\n${BODY.length.toString(16)}\r\n${BODY}\r\n0\r\n\r\n`;

describe('wsgiref.validate', () => {
  const folder = makeTemporaryFolder();
  const path = join(folder, 'app.sock');
  after(() => removeFolder(folder));
  const kirin = useKirin({
    app: 'validated:app',
    args: ['--threads', '2'],
    bind: ['127.0.0.1:0', `unix:${path}`],
  });

  for (const [what, target] of [
    ['TCP', () => ({ port: kirin().port })],
    ['a unix socket', () => ({ path })],
  ] as const) {
    it(`finds nothing wrong over ${what}`, async () => {
      for (const [request, answer] of [
        ['GET / HTTP/1.1\r\nHost: a\r\n\r\n', /"wsgi\.version"/],
        ['GET /caf%C3%A9?q=%20 HTTP/1.0\r\n\r\n', /"PATH_INFO"/],
        ['HEAD / HTTP/1.1\r\nHost: a\r\n\r\n', /^$/],
        ['OPTIONS /any HTTP/1.1\r\nHost: a\r\n\r\n', /"REQUEST_METHOD": "OPTIONS"/],
        ['OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n', /"PATH_INFO": ""/],
        [`POST /echo HTTP/1.1\r\nHost: a\r\n${WITH_LENGTH}`, new RegExp(`^${BODY}$`)],
        [`POST /echo HTTP/1.1\r\nHost: a\r\n${CHUNKED}`, new RegExp(`^${BODY}$`)],
      ] as const) {
        const method = request.slice(0, request.indexOf(' '));
        const response = await exchange(target(), request, { method });
        assert.equal(response.status, 200, request);
        assert.match(response.body.toString(), answer);
      }
      assert.doesNotMatch(kirin().log(), /AssertionError|Traceback/);
    });
  }
});
