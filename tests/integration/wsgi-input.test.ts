import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import { exchange, RawConnection } from '../support/raw-connection.ts';
import { fieldValue } from '../support/response-reader.ts';
import { useKirin } from '../support/shared-kirin.ts';

/** Lines of many lengths, one without an end, and every byte value. */
const BODY = Buffer.concat([
  Buffer.from('first line\n\nthird\r\n'),
  Buffer.from(Uint8Array.from({ length: 256 }, (_, byte) => byte)),
  Buffer.from(`\n${'long '.repeat(1000)}\nno end`),
]);

describe('wsgi.input', () => {
  const kirin = useKirin({ app: 'echo:app', args: ['--workers', '2'] });

  for (const form of [
    'read-all',
    'read-minus-one',
    'read-pieces',
    'read-zero-then-rest',
    'readline',
    'readline-limited',
    'readlines',
    'readlines-with-hint',
    'iterate',
    'mixed',
  ]) {
    it(`gives the whole body to an application that uses ${form}`, async () => {
      for (const [framing, request] of [
        ['Content-Length', withLength(`/${form}`, BODY)],
        ['chunked', chunked(`/${form}`, BODY, 700)],
      ] as const) {
        const response = await exchange({ port: kirin().port }, request);
        assert.equal(response.status, 200, framing);
        assert.deepEqual(response.body, BODY, framing);
      }
    });
  }

  it('splits at line ends as a file does', async () => {
    const lines = BODY.toString('latin1').split('\n').length;
    for (const form of ['readline', 'readlines', 'iterate']) {
      const response = await exchange({ port: kirin().port }, withLength(`/${form}`, BODY));
      assert.equal(fieldValue(response, 'X-Pieces'), String(lines), form);
    }
  });

  it('is empty when the request has no body', async () => {
    for (const form of ['read-all', 'read-pieces', 'readline', 'readlines', 'iterate', 'mixed']) {
      const response = await exchange({ port: kirin().port }, `GET /${form} HTTP/1.1\r\nHost: a\r\n\r\n`);
      assert.equal(response.body.length, 0, form);
    }
  });

  it('is empty when the length is 0, or the only chunk is the last', async () => {
    for (const request of [
      withLength('/read-all', Buffer.alloc(0)),
      chunked('/read-all', Buffer.alloc(0), 1),
    ]) {
      const response = await exchange({ port: kirin().port }, request);
      assert.equal(response.status, 200);
      assert.equal(response.body.length, 0);
    }
  });

  it('may be left unread, in part or whole, without harm to the next request', async () => {
    const connection = await RawConnection.open({ port: kirin().port });
    for (const path of ['/unread', '/half?count=100']) {
      connection.send(withLength(path, BODY));
      assert.equal((await connection.readResponse()).status, 200);
    }
    connection.send(chunked('/unread', BODY, 50));
    assert.equal((await connection.readResponse()).status, 200);
    connection.send(withLength('/read-all', BODY));
    assert.deepEqual((await connection.readResponse()).body, BODY);
    connection.destroy();
  });

  it('takes a body byte by byte', async () => {
    const connection = await RawConnection.open({ port: kirin().port });
    await connection.sendByteByByte(withLength('/read-all', Buffer.from('slow body')).toString('latin1'));
    assert.equal((await connection.readResponse()).body.toString(), 'slow body');
    await connection.sendByteByByte(chunked('/read-all', Buffer.from('slow chunks'), 3).toString('latin1'));
    assert.equal((await connection.readResponse()).body.toString(), 'slow chunks');
    connection.destroy();
  });

  it('knows chunk extensions and trailers, and shows neither to the application', async () => {
    const response = await exchange(
      { port: kirin().port },
      'POST /read-all HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n' +
        '4;name=value\r\nwhol\r\n1;q="quoted; text"\r\ne\r\n0\r\nX-Sum: 5\r\n\r\n',
    );
    assert.equal(response.body.toString(), 'whole');
  });

  it("takes the coding's name in any case", async () => {
    const request = chunked('/read-all', Buffer.from('x'), 1)
      .toString('latin1')
      .replace('chunked', 'CHUNKED');
    assert.equal((await exchange({ port: kirin().port }, request)).body.toString(), 'x');
  });

  // Below, at and above what fits the edge's memory and the socket's buffers.
  for (const size of [1 << 16, (1 << 16) + 1, 1 << 20, (1 << 20) + 1, 5_000_000]) {
    it(`gives a body of ${size} bytes whole`, async () => {
      const body = patterned(size);
      const sha256 = createHash('sha256').update(body).digest('hex');
      for (const request of [withLength('/summary', body), chunked('/summary', body, 70_001)]) {
        const summary = JSON.parse((await exchange({ port: kirin().port }, request)).body.toString());
        assert.equal(summary.length, size);
        assert.equal(summary.sha256, sha256);
        assert.equal(summary['wsgi.input_terminated'], true);
        assert.equal(summary.HTTP_TRANSFER_ENCODING ?? null, null, 'the edge has undone the coding');
      }
    });
  }

  for (const form of ['read-all', 'readline', 'iterate', 'mixed', 'readlines-with-hint']) {
    it(`gives a body that is too large for memory to ${form}`, async () => {
      const body = Buffer.from('a line of text\n'.repeat(200_000));
      const response = await exchange({ port: kirin().port }, withLength(`/${form}`, body));
      assert.ok(response.body.equals(body));
    });
  }

  it('keeps bodies of neighbours apart', async () => {
    const sizes = Array.from({ length: 20 }, (_, index) => 100_000 * (index + 1));
    const results = await Promise.all(
      sizes.map(async (size) => {
        const response = await exchange({ port: kirin().port }, withLength('/summary', patterned(size)));
        return JSON.parse(response.body.toString());
      }),
    );
    for (const [index, size] of sizes.entries()) {
      assert.equal(results[index].length, size);
      assert.equal(results[index].sha256, createHash('sha256').update(patterned(size)).digest('hex'));
    }
  });

  it('never runs the application for a body that ends too early', async () => {
    const connection = await RawConnection.open({ port: kirin().port });
    connection.send('POST /summary HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nonly this');
    connection.end();
    const rest = await connection.readToEnd();
    assert.doesNotMatch(rest.toString('latin1'), /HTTP\/1.1 200/);
  });
});

describe('Expect: 100-continue', () => {
  const kirin = useKirin({ app: 'echo:app' });
  const HEAD = 'POST /read-all HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n';

  it('is answered before the body is sent', async () => {
    const connection = await RawConnection.open({ port: kirin().port });
    connection.send(HEAD);
    const interim = await connection.readResponse();
    assert.equal(interim.status, 100);
    connection.send('body');
    const response = await connection.readResponse();
    assert.equal(response.status, 200);
    assert.equal(response.body.toString(), 'body');
    connection.destroy();
  });

  it('does no harm when the client sends the body at once', async () => {
    const connection = await RawConnection.open({ port: kirin().port });
    connection.send(`${HEAD}body`);
    let response = await connection.readResponse();
    if (response.status === 100) response = await connection.readResponse();
    assert.equal(response.body.toString(), 'body');
    connection.destroy();
  });

  it('is not answered to an HTTP/1.0 client', async () => {
    const connection = await RawConnection.open({ port: kirin().port });
    connection.send(HEAD.replace('HTTP/1.1', 'HTTP/1.0'));
    connection.send('body');
    assert.equal((await connection.readResponse()).status, 200);
    connection.destroy();
  });

  it('is refused when something else is expected', async () => {
    const response = await exchange({ port: kirin().port }, HEAD.replace('100-continue', 'miracles'));
    assert.equal(response.status, 417);
  });
});

function withLength(path: string, body: Buffer): Buffer {
  const head = `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n`;
  return Buffer.concat([Buffer.from(head), body]);
}

function chunked(path: string, body: Buffer, size: number): Buffer {
  const parts: Buffer[] = [
    Buffer.from(`POST ${path} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n`),
  ];
  for (let at = 0; at < body.length; at += size) {
    const chunk = body.subarray(at, at + size);
    parts.push(Buffer.from(`${chunk.length.toString(16)}\r\n`), chunk, Buffer.from('\r\n'));
  }
  return Buffer.concat([...parts, Buffer.from('0\r\n\r\n')]);
}

/** Bytes in which no two stretches are alike, so that a lost or doubled piece shows. */
function patterned(size: number): Buffer {
  const bytes = Buffer.alloc(size + 4);
  for (let at = 0; at < size; at += 4) bytes.writeUInt32LE((at * 2654435761) % 0x1_0000_0000, at);
  return bytes.subarray(0, size);
}
