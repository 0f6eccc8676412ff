import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { exchange, RawConnection } from '../support/raw-connection.ts';
import { useKirin } from '../support/shared-kirin.ts';

type Environ = Readonly<Record<string, unknown>>;

describe('the environ', () => {
  const kirin = useKirin({ app: 'environ_dump:app', args: ['--workers', '2'] });

  async function environOf(request: string): Promise<Environ> {
    const response = await exchange({ port: kirin().port }, request);
    assert.equal(response.status, 200, response.body.toString());
    return JSON.parse(response.body.toString());
  }

  it('holds exactly what CGI and PEP 3333 ask for, and no more than is sent', async () => {
    const connection = await RawConnection.open({ port: kirin().port });
    connection.send(
      'GET /a%20path/caf%C3%A9?x=%20y&z HTTP/1.1\r\nHost: site.example:81\r\nUser-Agent: test\r\nAccept: */*\r\n\r\n',
    );
    const environ: Environ = JSON.parse((await connection.readResponse()).body.toString());
    const clientPort = connection.localPort;
    connection.destroy();

    const { SERVER_SOFTWARE, ...rest } = environ;
    assert.match(String(SERVER_SOFTWARE), /^kirin\/\d/);
    const own = Object.fromEntries(Object.entries(rest).filter(([name]) => !/^(wsgi|kirin)\./.test(name)));
    assert.deepEqual(own, {
      REQUEST_METHOD: 'GET',
      SCRIPT_NAME: '',
      PATH_INFO: '/a path/caf\u00c3\u00a9',
      QUERY_STRING: 'x=%20y&z',
      RAW_URI: '/a%20path/caf%C3%A9?x=%20y&z',
      SERVER_PROTOCOL: 'HTTP/1.1',
      SERVER_NAME: '127.0.0.1',
      SERVER_PORT: String(kirin().port),
      REMOTE_ADDR: '127.0.0.1',
      REMOTE_PORT: String(clientPort),
      HTTP_HOST: 'site.example:81',
      HTTP_USER_AGENT: 'test',
      HTTP_ACCEPT: '*/*',
    });
  });

  it('says truthfully how the application is run', async () => {
    const environ = await environOf('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    assert.deepEqual(environ['wsgi.version'], [1, 0]);
    assert.equal(environ['wsgi.url_scheme'], 'http');
    assert.equal(environ['wsgi.multithread'], false);
    assert.equal(environ['wsgi.multiprocess'], true);
    assert.equal(environ['wsgi.run_once'], false);
    assert.equal(environ['wsgi.input_terminated'], true);
  });

  it('is a real dict with a whole set of stream methods', async () => {
    const facts = await environOf('GET /unwrapped HTTP/1.1\r\nHost: a\r\n\r\n');
    assert.deepEqual(facts, {
      'type(environ)': 'dict',
      'callable(wsgi.file_wrapper)': true,
      'wsgi.input': ['__iter__', 'read', 'readline', 'readlines'],
      'wsgi.errors': ['flush', 'write', 'writelines'],
    });
  });

  it('writes what goes to wsgi.errors to the error log', async () => {
    await environOf('GET /errors HTTP/1.1\r\nHost: a\r\n\r\n');
    await kirin().waitForLog(/a line for the error log/);
  });

  it('joins repeated fields with a comma, and cookies with a semicolon', async () => {
    const environ = await environOf(
      'GET / HTTP/1.1\r\nHost: a\r\nX-List: one\r\nX-List: two, three\r\nCookie: a=1\r\nCookie: b=2\r\n\r\n',
    );
    assert.equal(String(environ.HTTP_X_LIST).replace(', ', ','), 'one,two,three');
    assert.equal(environ.HTTP_COOKIE, 'a=1; b=2');
  });

  it('drops names with underscores, which could pass for a field that a proxy sets', async () => {
    const environ = await environOf(
      'GET / HTTP/1.1\r\nHost: a\r\nX_Real_IP: 6.6.6.6\r\nX-Forwarded_For: 6.6.6.6\r\nX-Real-Ip: 1.2.3.4\r\n\r\n',
    );
    assert.equal(environ.HTTP_X_REAL_IP, '1.2.3.4');
    assert.equal('HTTP_X_FORWARDED_FOR' in environ, false);
  });

  it('keeps values as they came: inner spaces, latin-1, and nothing at all', async () => {
    const environ = await environOf(
      'GET / HTTP/1.1\r\nHost: a\r\nX-Spaces:   a  b\t c  \r\nX-Latin: caf\u00e9\r\nX-Empty:\r\n\r\n',
    );
    assert.equal(environ.HTTP_X_SPACES, 'a  b\t c');
    assert.equal(environ.HTTP_X_LATIN, 'caf\u00e9');
    assert.equal(environ.HTTP_X_EMPTY, '');
  });

  it('has CONTENT_TYPE and CONTENT_LENGTH under their own names only', async () => {
    const environ = await environOf(
      'POST / HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\nContent-Length: 4\r\n\r\nbody',
    );
    assert.equal(environ.CONTENT_TYPE, 'text/plain');
    assert.equal(environ.CONTENT_LENGTH, '4');
    assert.equal('HTTP_CONTENT_TYPE' in environ, false);
    assert.equal('HTTP_CONTENT_LENGTH' in environ, false);
  });

  it('takes host, path and query from an absolute-form target', async () => {
    const environ = await environOf(
      'GET http://target.example:99/over/there?a=b HTTP/1.1\r\nHost: target.example:99\r\n\r\n',
    );
    assert.equal(environ.HTTP_HOST, 'target.example:99');
    assert.equal(environ.PATH_INFO, '/over/there');
    assert.equal(environ.QUERY_STRING, 'a=b');
    assert.equal(environ.RAW_URI, 'http://target.example:99/over/there?a=b');
  });

  it('lets the authority of an absolute-form target stand in for another Host', async () => {
    const environ = await environOf('GET http://target.example/ HTTP/1.1\r\nHost: other.example\r\n\r\n');
    assert.equal(environ.HTTP_HOST, 'target.example');
  });

  it('decodes the path once, and leaves what is no encoding as it is', async () => {
    const environ = await environOf('GET /%2541/%zz/%2F//x;y=1/%C3%BC?%41 HTTP/1.1\r\nHost: a\r\n\r\n');
    assert.equal(environ.PATH_INFO, '/%41/%zz////x;y=1/\u00c3\u00bc');
    assert.equal(environ.QUERY_STRING, '%41');
  });

  it('cannot be given further variables through an encoded NUL', async () => {
    const response = await exchange(
      { port: kirin().port },
      'GET /a%00REMOTE_USER%00admin HTTP/1.1\r\nHost: a\r\n\r\n',
    );
    assert.equal(response.status, 400);
  });

  it('takes the scheme from a trusted proxy', async () => {
    const environ = await environOf('GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-Proto: https\r\n\r\n');
    assert.equal(environ['wsgi.url_scheme'], 'https');
    assert.equal(environ.HTTP_X_FORWARDED_PROTO, 'https');
  });
});

describe('the environ of a mounted application', () => {
  const kirin = useKirin({ app: 'environ_dump:app', env: { SCRIPT_NAME: '/mounted' } });

  it('has the mount point in SCRIPT_NAME and the rest in PATH_INFO', async () => {
    const response = await exchange(
      { port: kirin().port },
      'GET /mounted/page?q HTTP/1.1\r\nHost: a\r\n\r\n',
    );
    const environ = JSON.parse(response.body.toString());
    assert.equal(environ.SCRIPT_NAME, '/mounted');
    assert.equal(environ.PATH_INFO, '/page');
    assert.equal(environ.RAW_URI, '/mounted/page?q');
  });

  it('is not reached by paths outside the mount point', async () => {
    for (const path of ['/elsewhere', '/mountedness', '/']) {
      const response = await exchange({ port: kirin().port }, `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`);
      assert.equal(response.status, 404, path);
    }
  });
});

describe('the environ behind an untrusted peer', () => {
  const kirin = useKirin({ app: 'environ_dump:app', args: ['--forwarded-allow-ips', '10.0.0.1'] });

  it('keeps the scheme of the connection, whatever the client claims', async () => {
    const response = await exchange(
      { port: kirin().port },
      'GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-Proto: https\r\n\r\n',
    );
    assert.equal(JSON.parse(response.body.toString())['wsgi.url_scheme'], 'http');
  });
});

describe('the environ with --request-start-header', () => {
  const startOf = async (port: number, ...fields: readonly string[]) => {
    const request = ['GET / HTTP/1.1', 'Host: a', ...fields, '', ''].join('\r\n');
    const response = await exchange({ port }, request);
    return JSON.parse(response.body.toString()).HTTP_X_REQUEST_START;
  };

  describe('behind a trusted proxy', () => {
    const kirin = useKirin({ app: 'environ_dump:app', args: ['--request-start-header'] });

    it('tells in microseconds since 1970 when the request arrived', async () => {
      const beforeMs = Date.now();
      const [, microseconds] = /^t=(\d{16})$/.exec(await startOf(kirin().port)) ?? [];
      const arrivedMs = Number(microseconds) / 1000;
      assert.ok(arrivedMs >= beforeMs - 1 && arrivedMs <= Date.now() + 1, `${arrivedMs}, not ${beforeMs}`);
    });

    it('keeps what the proxy says', async () => {
      assert.equal(await startOf(kirin().port, 'X-Request-Start: t=1795259400.123'), 't=1795259400.123');
    });
  });

  describe('facing clients', () => {
    const args = ['--request-start-header', '--forwarded-allow-ips', '10.0.0.1'];
    const kirin = useKirin({ app: 'environ_dump:app', args });

    it('replaces what a client claims', async () => {
      assert.match(await startOf(kirin().port, 'X-Request-Start: t=1'), /^t=\d{16}$/);
    });
  });
});

describe('the environ with threads and a single process', () => {
  const kirin = useKirin({ app: 'environ_dump:app', args: ['--workers', '1', '--threads', '3'] });

  it('says multithread, and not multiprocess', async () => {
    const response = await exchange({ port: kirin().port }, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    const environ = JSON.parse(response.body.toString());
    assert.equal(environ['wsgi.multithread'], true);
    assert.equal(environ['wsgi.multiprocess'], false);
  });
});
