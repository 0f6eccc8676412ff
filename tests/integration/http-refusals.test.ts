import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { exchange, RawConnection } from '../support/raw-connection.ts';
import { fieldValue } from '../support/response-reader.ts';
import { useKirin } from '../support/shared-kirin.ts';

/** Would be counted if it were run; every refused request has it behind itself, as a smuggled one. */
const SMUGGLED = 'GET /count HTTP/1.1\r\nHost: a\r\n\r\n';

const field = (line: string) => `GET /count HTTP/1.1\r\nHost: a\r\n${line}\r\n\r\n`;
const post = (fields: string, body = '') => `POST /count HTTP/1.1\r\nHost: a\r\n${fields}\r\n\r\n${body}`;
const chunks = (body: string) => post('Transfer-Encoding: chunked', body);

const REFUSED: readonly (readonly [what: string, bytes: string, status: number])[] = [
  // The request line.
  ['no version', 'GET /count\r\n\r\n', 400],
  ['two spaces', 'GET  /count HTTP/1.1\r\nHost: a\r\n\r\n', 400],
  ['a tab between the parts', 'GET\t/count HTTP/1.1\r\nHost: a\r\n\r\n', 400],
  ['a space in the target', 'GET /count now HTTP/1.1\r\nHost: a\r\n\r\n', 400],
  ['a space behind the version', 'GET /count HTTP/1.1 \r\nHost: a\r\n\r\n', 400],
  ['a method in small letters', 'get /count HTTP/1.1\r\nHost: a\r\n\r\n', 400],
  ['a method that is no token', 'G{}T /count HTTP/1.1\r\nHost: a\r\n\r\n', 400],
  ['a target that is neither path nor URL', 'GET count HTTP/1.1\r\nHost: a\r\n\r\n', 400],
  ['a fragment', 'GET /count#part HTTP/1.1\r\nHost: a\r\n\r\n', 400],
  ['an encoded NUL in the path', 'GET /count%00 HTTP/1.1\r\nHost: a\r\n\r\n', 400],
  ['a control character in the target', 'GET /count\x01 HTTP/1.1\r\nHost: a\r\n\r\n', 400],
  ['a version of another protocol', 'GET /count ICY/1.1\r\nHost: a\r\n\r\n', 400],
  ['HTTP/2 without its preface', 'GET /count HTTP/2.0\r\nHost: a\r\n\r\n', 505],
  ['HTTP/1.2', 'GET /count HTTP/1.2\r\nHost: a\r\n\r\n', 505],
  ['HTTP/0.9', 'GET /count HTTP/0.9\r\nHost: a\r\n\r\n', 505],
  ['CONNECT', 'CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n', 501],
  ['a TLS handshake', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n', 400],
  ['a long request line', `GET /count?${'q'.repeat(5000)} HTTP/1.1\r\nHost: a\r\n\r\n`, 414],

  // Lines and fields.
  ['a bare LF', 'GET /count HTTP/1.1\nHost: a\n\n', 400],
  ['a bare LF behind a field', 'GET /count HTTP/1.1\r\nHost: a\nX: y\r\n\r\n', 400],
  ['a bare CR in a value', field('X: a\rb'), 400],
  ['a NUL in a value', field('X: a\0b'), 400],
  ['a NUL in a name', field('X\0: a'), 400],
  ['a control character in a value', field('X: a\x07b'), 400],
  ['a space before the colon', field('X : a'), 400],
  ['a tab before the colon', field('X\t: a'), 400],
  ['a field without a colon', field('just words'), 400],
  ['a field without a name', field(': value'), 400],
  ['a folded field', field('X: a\r\n b'), 400],
  ['a folded first field', 'GET /count HTTP/1.1\r\n Host: a\r\n\r\n', 400],
  ['a name that is no token', field('X(y): a'), 400],
  ['a name outside ASCII', field('X\xe9: a'), 400],
  ['too many fields', field(Array.from({ length: 200 }, (_, n) => `X-${n}: y`).join('\r\n')), 431],
  ['a field that is too large', field(`X: ${'y'.repeat(9000)}`), 431],

  // The host.
  ['no Host in 1.1', 'GET /count HTTP/1.1\r\n\r\n', 400],
  ['two Hosts', 'GET /count HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n', 400],
  ['two equal Hosts', 'GET /count HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n', 400],
  ['a Host with a path', 'GET /count HTTP/1.1\r\nHost: a/b\r\n\r\n', 400],
  ['a Host with a user', 'GET /count HTTP/1.1\r\nHost: u@a\r\n\r\n', 400],
  ['a Host list', 'GET /count HTTP/1.1\r\nHost: a, b\r\n\r\n', 400],

  // The framing.
  ['both framings', post('Content-Length: 5\r\nTransfer-Encoding: chunked', '0\r\n\r\n'), 400],
  [
    'both framings, the other way round',
    post('Transfer-Encoding: chunked\r\nContent-Length: 5', '0\r\n\r\n'),
    400,
  ],
  ['two lengths', post('Content-Length: 4\r\nContent-Length: 5', 'aaaaa'), 400],
  ['two equal lengths', post('Content-Length: 4\r\nContent-Length: 4', 'aaaa'), 400],
  ['a length list', post('Content-Length: 4, 4', 'aaaa'), 400],
  ['a signed length', post('Content-Length: +4', 'aaaa'), 400],
  ['a negative length', post('Content-Length: -4'), 400],
  ['a hexadecimal length', post('Content-Length: 0x4', 'aaaa'), 400],
  ['a fractional length', post('Content-Length: 4.0', 'aaaa'), 400],
  ['a length with an underscore', post('Content-Length: 1_0', 'aaaaaaaaaa'), 400],
  ['an empty length', post('Content-Length:'), 400],
  ['an absurd length', post(`Content-Length: ${'9'.repeat(40)}`), 413],
  ['chunked twice', post('Transfer-Encoding: chunked, chunked', '0\r\n\r\n'), 400],
  [
    'chunked in two fields',
    post('Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked', '0\r\n\r\n'),
    400,
  ],
  ['chunked, and then identity', post('Transfer-Encoding: chunked, identity', '0\r\n\r\n'), 501],
  ['a vertical tab before chunked', post('Transfer-Encoding: \x0bchunked', '0\r\n\r\n'), 400],
  ['a coding that is not spoken', post('Transfer-Encoding: gzip, chunked', '0\r\n\r\n'), 501],
  ['chunked in HTTP/1.0', 'POST /count HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n', 400],

  // The chunks.
  ['a chunk size that is no number', chunks('x\r\na\r\n0\r\n\r\n'), 400],
  ['a signed chunk size', chunks('+1\r\na\r\n0\r\n\r\n'), 400],
  ['a chunk size with 0x', chunks('0x1\r\na\r\n0\r\n\r\n'), 400],
  ['an empty chunk size', chunks('\r\na\r\n0\r\n\r\n'), 400],
  ['a space before a chunk size', chunks(' 1\r\na\r\n0\r\n\r\n'), 400],
  ['a chunk size of too many digits', chunks('fffffffffffffffff\r\na\r\n0\r\n\r\n'), 400],
  ['a chunk that is longer than its size', chunks('1\r\nab\r\n0\r\n\r\n'), 400],
  ['a bare LF behind a chunk size', chunks('1\na\r\n0\r\n\r\n'), 400],
  ['a bare LF behind a chunk', chunks('1\r\na\n0\r\n\r\n'), 400],
  ['a bare LF in an extension', chunks('1;x\ny\r\na\r\n0\r\n\r\n'), 400],
  ['a trailer that would change the framing', chunks('0\r\nContent-Length: 5\r\n\r\n'), 400],
  ['a bad trailer', chunks('0\r\nno colon\r\n\r\n'), 400],
];

describe('a refused request', () => {
  const kirin = useKirin({ app: 'dangerous:app', args: ['--workers', '1'] });

  async function countedRequests(): Promise<number> {
    const response = await exchange({ port: kirin().port }, SMUGGLED);
    return JSON.parse(response.body.toString()).requests;
  }

  for (const [what, bytes, status] of REFUSED) {
    it(`gets ${status} and the end of the connection, and the application never sees it: ${what}`, async () => {
      const before = await countedRequests();
      const connection = await RawConnection.open({ port: kirin().port });
      connection.send(bytes + SMUGGLED);
      const response = await connection.readResponse();
      const rest = await connection.readToEnd();
      assert.equal(response.status, status, response.body.toString());
      assert.equal(fieldValue(response, 'Connection')?.toLowerCase(), 'close');
      assert.equal(rest.length, 0, `more than one response: ${rest.toString('latin1')}`);
      assert.equal(connection.error, null, 'the answer must not be lost in a reset');
      assert.equal(await countedRequests(), before + 1);
    });
  }

  it('is refused in the same way when it comes byte by byte', async () => {
    for (const [what, bytes, status] of REFUSED.filter(([, request]) => request.length < 200)) {
      const connection = await RawConnection.open({ port: kirin().port });
      // The refusal may come before the last byte is sent.
      await connection.sendByteByByte(bytes).catch(() => {});
      assert.equal((await connection.readResponse()).status, status, what);
      connection.destroy();
    }
  });

  it('comes after the answers to the good requests before it', async () => {
    const connection = await RawConnection.open({ port: kirin().port });
    connection.send(`${SMUGGLED}${SMUGGLED}GET /count HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n`);
    assert.equal((await connection.readResponse()).status, 200);
    assert.equal((await connection.readResponse()).status, 200);
    assert.equal((await connection.readResponse()).status, 400);
    assert.equal((await connection.readToEnd()).length, 0);
  });

  it('shows nothing of what the client sent that a browser would run', async () => {
    const response = await exchange({ port: kirin().port }, 'GET <script> HTTP/1.1\r\nHost: a\r\n\r\n');
    assert.equal(response.status, 400);
    assert.doesNotMatch(response.body.toString(), /<script>/);
  });
});

describe('the limits', () => {
  const kirin = useKirin({
    app: 'responses:app',
    args: ['--limit-request-line', '100', '--limit-request-fields', '5', '--limit-request-field_size', '50'],
  });

  const statusOf = async (request: string) => (await exchange({ port: kirin().port }, request)).status;

  it('let the largest allowed request line through, and refuse one more byte', async () => {
    const fixed = 'GET /? HTTP/1.1'.length;
    assert.equal(await statusOf(`GET /?${'q'.repeat(100 - fixed)} HTTP/1.1\r\nHost: a\r\n\r\n`), 200);
    assert.equal(await statusOf(`GET /?${'q'.repeat(101 - fixed)} HTTP/1.1\r\nHost: a\r\n\r\n`), 414);
  });

  it('let the allowed number of fields through, and refuse one more', async () => {
    const fields = (count: number) => Array.from({ length: count }, (_, n) => `X-${n}: y\r\n`).join('');
    assert.equal(await statusOf(`GET / HTTP/1.1\r\nHost: a\r\n${fields(4)}\r\n`), 200);
    assert.equal(await statusOf(`GET / HTTP/1.1\r\nHost: a\r\n${fields(5)}\r\n`), 431);
  });

  it('let the largest allowed field through, and refuse one more byte', async () => {
    const line = (length: number) => `X: ${'y'.repeat(length - 'X: \r\n'.length)}\r\n`;
    assert.equal(await statusOf(`GET / HTTP/1.1\r\nHost: a\r\n${line(50)}\r\n`), 200);
    assert.equal(await statusOf(`GET / HTTP/1.1\r\nHost: a\r\n${line(51)}\r\n`), 431);
  });
});
