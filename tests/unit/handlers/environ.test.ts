import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decodePath, environText } from '../../../src/handlers/environ.ts';
import type { Peer } from '../../../src/handlers/exchange.ts';
import type { FieldRules } from '../../../src/handlers/trust.ts';
import type { RequestHead } from '../../../src/protocol/http1/request-head.ts';
import { get, headOf, OTHER_RULES, PEER, parserOf, TRUSTED_RULES } from './fake-exchange.ts';

interface Options {
  readonly peer?: Peer;
  readonly scriptName?: string;
  readonly contentLength?: number;
  readonly arrivedUs?: number;
}

/** The environ as Python makes it of the text. */
function environ(head: RequestHead, options: Options = {}) {
  const { peer = PEER, scriptName = '', contentLength = -1, arrivedUs = -1 } = options;
  const result = environText(head, peer, scriptName, contentLength, arrivedUs);
  assert.ok(result.ok);
  const parts = result.text.split('\0');
  assert.equal(parts.length % 2, 0);
  const names = parts.filter((_, index) => index % 2 === 0);
  assert.equal(new Set(names).size, names.length, 'a variable stands there twice');
  return Object.fromEntries(names.map((name, index) => [name, parts[index * 2 + 1] as string]));
}

const TRUSTED: Peer = { ...PEER, rules: TRUSTED_RULES };
const UNIX: Peer = { ...TRUSTED, remoteAddress: '', remotePort: '', serverName: '', serverPort: '' };

const withRules = (rules: Partial<FieldRules>, peer = TRUSTED): Peer => ({
  ...peer,
  rules: { ...peer.rules, ...rules },
});

function refusal(head: RequestHead, peer: Peer, scriptName = ''): string {
  const result = environText(head, peer, scriptName, -1, -1);
  assert.ok(!result.ok, 'it was not refused');
  return `${result.status} ${result.reason}`;
}

describe('the environ', () => {
  it('holds what PEP 3333 and Gunicorn’s users expect', () => {
    const head = headOf(
      'POST /a%20b?c=d&e HTTP/1.1',
      'Host: example.com:81',
      'Content-Type: text/plain',
      'Content-Length: 5',
      'Accept: */*',
      'X-Custom-Name: value',
    );
    assert.deepEqual(environ(head, { contentLength: 5 }), {
      REQUEST_METHOD: 'POST',
      PATH_INFO: '/a b',
      QUERY_STRING: 'c=d&e',
      RAW_URI: '/a%20b?c=d&e',
      SERVER_PROTOCOL: 'HTTP/1.1',
      CONTENT_LENGTH: '5',
      CONTENT_TYPE: 'text/plain',
      'wsgi.url_scheme': 'http',
      REMOTE_ADDR: '192.0.2.7',
      REMOTE_PORT: '40000',
      SERVER_NAME: '127.0.0.1',
      SERVER_PORT: '8000',
      HTTP_HOST: 'example.com:81',
      HTTP_ACCEPT: '*/*',
      HTTP_X_CUSTOM_NAME: 'value',
    });
  });

  it('has a CONTENT_LENGTH only where there is a body, and never how it was framed', () => {
    assert.equal('CONTENT_LENGTH' in environ(get('/')), false);
    const chunked = environ(headOf('POST / HTTP/1.1', 'Host: a', 'Transfer-Encoding: chunked'), {
      contentLength: 7,
    });
    assert.equal(chunked.CONTENT_LENGTH, '7');
    assert.equal('HTTP_TRANSFER_ENCODING' in chunked, false);
    assert.equal('HTTP_CONTENT_LENGTH' in chunked, false);
  });

  it('joins repeated fields with commas, and cookies with semicolons', () => {
    const variables = environ(get('/', 'A: 1', 'Cookie: a=1', 'A: 2', 'Cookie: b=2, c', 'a: '));
    assert.equal(variables.HTTP_A, '1,2,');
    assert.equal(variables.HTTP_COOKIE, 'a=1; b=2, c');
  });

  it('leaves out names with underscores, which could pass for others', () => {
    const variables = environ(get('/', 'X_Real_IP: 6.6.6.6', 'X-Real-IP: 192.0.2.1', 'Content_Length: 9'));
    assert.equal(variables.HTTP_X_REAL_IP, '192.0.2.1');
    assert.equal('HTTP_CONTENT_LENGTH' in variables, false);
  });

  it('takes the authority of an absolute-form target for the host', () => {
    const variables = environ(get('http://real.example:82/path?q'));
    assert.equal(variables.HTTP_HOST, 'real.example:82');
    assert.equal(variables.PATH_INFO, '/path');
    assert.equal(variables.RAW_URI, 'http://real.example:82/path?q');
  });

  it('is made anew when the same fields come with another authority', () => {
    const parser = parserOf(
      ['/1', 'http://other.example/2', '/3']
        .map((target) => `GET ${target} HTTP/1.1\r\nHost: a\r\n\r\n`)
        .join(''),
    );
    const hosts = [1, 2, 3].map(() => {
      const event = parser.next();
      assert.ok(event?.type === 'head');
      return environ(event.head).HTTP_HOST;
    });
    assert.deepEqual(hosts, ['a', 'other.example', 'a']);
  });

  it('names the server as the client did, behind a unix socket', () => {
    const server = (...lines: readonly string[]) => {
      const { SERVER_NAME, SERVER_PORT, REMOTE_ADDR, REMOTE_PORT } = environ(headOf(...lines), {
        peer: UNIX,
      });
      assert.equal(REMOTE_ADDR, '');
      assert.equal(REMOTE_PORT, undefined);
      return `${SERVER_NAME} ${SERVER_PORT}`;
    };
    assert.equal(server('GET / HTTP/1.1', 'Host: example.com'), 'example.com 80');
    assert.equal(server('GET / HTTP/1.1', 'Host: example.com:8080'), 'example.com 8080');
    assert.equal(server('GET / HTTP/1.1', 'Host: [::1]:8080'), '[::1] 8080');
    assert.equal(server('GET / HTTP/1.1', 'Host: [::1]'), '[::1] 80');
    assert.equal(server('GET / HTTP/1.0'), 'localhost 80');
    assert.equal(server('GET / HTTP/1.1', 'Host: a', 'X-Forwarded-Proto: https'), 'a 443');
  });

  it('tells what the PROXY protocol said', () => {
    const told = (proxyHeader: Peer['proxyHeader']) => {
      const variables = environ(get('/'), { peer: { ...PEER, proxyHeader } });
      const names = ['PROXY_PROTOCOL', 'PROXY_ADDR', 'PROXY_PORT'];
      return names.map((name) => variables[name]);
    };
    const end = { address: '198.51.100.2', port: '443' };
    assert.deepEqual(told({ protocol: 'TCP4', source: end, destination: end }), [
      'TCP4',
      '198.51.100.2',
      '443',
    ]);
    assert.deepEqual(told({ protocol: 'LOCAL', source: null, destination: null }), [
      'LOCAL',
      undefined,
      undefined,
    ]);
    assert.deepEqual(told(null), [undefined, undefined, undefined]);
  });

  it('has the scheme that a trusted proxy says, and no other', () => {
    const scheme = (peer: Peer) => environ(get('/', 'X-Forwarded-Proto: https'), { peer })['wsgi.url_scheme'];
    assert.equal(scheme(TRUSTED), 'https');
    assert.equal(scheme(PEER), 'http');
  });

  it('is refused where a trusted proxy contradicts itself', () => {
    const head = get('/', 'X-Forwarded-Proto: https', 'X-Forwarded-Ssl: off');
    assert.match(refusal(head, TRUSTED), /^400 .*scheme/);
  });

  it('has the path below SCRIPT_NAME', () => {
    const path = (target: string) => environ(get(target), { scriptName: '/app' }).PATH_INFO;
    assert.equal(path('/app/page'), '/page');
    assert.equal(path('/app/'), '/');
    assert.equal(path('/app'), '');
    assert.equal(path('/%61pp/page'), '/page');
  });

  it('does not exist for a path outside SCRIPT_NAME', () => {
    for (const target of ['/', '/application', '/other', '/ap']) {
      assert.equal(refusal(get(target), PEER, '/app'), '404 ');
    }
  });
});

describe('a field whose name holds an underscore', () => {
  const remoteUser = (peer: Peer, ...fields: readonly string[]) =>
    environ(get('/', ...fields), { peer }).HTTP_REMOTE_USER;

  it('is taken from a trusted proxy where it is listed', () => {
    assert.equal(remoteUser(TRUSTED, 'REMOTE_USER: ada'), 'ada');
    assert.equal(remoteUser(TRUSTED, 'Remote_User: ada'), 'ada');
    assert.equal(remoteUser(PEER, 'REMOTE_USER: ada'), undefined);
  });

  it('is taken from a trusted proxy whatever it is called, for *', () => {
    const everything = withRules({ forwarderNames: new Set(['*']) });
    assert.equal(environ(get('/', 'X_A: 1'), { peer: everything }).HTTP_X_A, '1');
  });

  it('is left out otherwise', () => {
    assert.equal('HTTP_X_A' in environ(get('/', 'X_A: 1'), { peer: TRUSTED }), false);
    assert.equal('HTTP_X_A' in environ(get('/', 'X_A: 1'), { peer: PEER }), false);
  });

  it('has its request refused where the map says so, unless a trusted proxy may send it', () => {
    const refusing = withRules({ headerMap: 'refuse' });
    assert.match(refusal(get('/', 'X_A: 1'), refusing), /^400 .*'x_a'/);
    assert.match(refusal(get('/', 'REMOTE_USER: ada'), withRules({ headerMap: 'refuse' }, PEER)), /^400 /);
    assert.equal(remoteUser(refusing, 'REMOTE_USER: ada'), 'ada');
  });

  it('is joined with the field that it can pass for where the map is dangerous', () => {
    const dangerous = withRules({ headerMap: 'dangerous' }, PEER);
    assert.equal(environ(get('/', 'X_A: 1', 'X-A: 2'), { peer: dangerous }).HTTP_X_A, '1,2');
  });

  it('never takes the place of how long the body is, or where the application is mounted', () => {
    const dangerous = withRules({ headerMap: 'dangerous' }, PEER);
    const head = get('/a', 'CONTENT_LENGTH: 9', 'CONTENT_TYPE: x', 'SCRIPT_NAME: /a', 'PATH_INFO: /b');
    const { CONTENT_LENGTH, CONTENT_TYPE, SCRIPT_NAME, PATH_INFO } = environ(head, { peer: dangerous });
    assert.deepEqual(
      [CONTENT_LENGTH, CONTENT_TYPE, SCRIPT_NAME, PATH_INFO],
      [undefined, undefined, undefined, '/a'],
    );
  });

  it('never says how a body was framed, whoever sends it', () => {
    const peers = [
      withRules({ headerMap: 'dangerous' }, PEER),
      withRules({ forwarderNames: new Set(['*', 'transfer_encoding']) }),
    ];
    for (const peer of peers) {
      const variables = environ(get('/', 'Transfer_Encoding: chunked', 'Content_Length: 9'), { peer });
      assert.equal('HTTP_TRANSFER_ENCODING' in variables, false);
      assert.equal('HTTP_CONTENT_LENGTH' in variables, false);
    }
    assert.match(refusal(get('/', 'Content_Length: 9'), withRules({ headerMap: 'refuse' })), /^400 /);
  });

  it('is refused where a client may have put another beside the proxy’s', () => {
    for (const other of ['Remote-User: eve', 'REMOTE_USER: eve', 'remote_user: ada']) {
      assert.match(refusal(get('/', 'REMOTE_USER: ada', other), TRUSTED), /^400 'REMOTE_USER' comes more/);
      assert.match(refusal(get('/', other, 'REMOTE_USER: ada'), TRUSTED), /^400 'REMOTE_USER' comes more/);
    }
  });

  it('does not depend on what the connection’s requests before held', () => {
    const parser = parserOf(
      ['REMOTE_USER: ada', 'Accept: */*', 'REMOTE_USER: ada', 'REMOTE_USER: eve']
        .map((field) => `GET / HTTP/1.1\r\nHost: a\r\n${field}\r\n\r\n`)
        .join(''),
    );
    const users = [1, 2, 3, 4].map(() => {
      const event = parser.next();
      assert.ok(event?.type === 'head');
      return environ(event.head, { peer: TRUSTED }).HTTP_REMOTE_USER;
    });
    assert.deepEqual(users, ['ada', undefined, 'ada', 'eve']);
  });
});

describe('where the application is mounted', () => {
  const mounted = (target: string, scriptName: string, options: Options = {}) => {
    const head = get(target, `SCRIPT_NAME: ${scriptName}`);
    const { SCRIPT_NAME, PATH_INFO } = environ(head, { peer: TRUSTED, ...options });
    return [SCRIPT_NAME, PATH_INFO];
  };

  it('is what a trusted proxy says in SCRIPT_NAME', () => {
    assert.deepEqual(mounted('/app/page', '/app'), ['/app', '/page']);
    assert.deepEqual(mounted('/app', '/app'), ['/app', '']);
    assert.deepEqual(mounted('/app/page', '/app/'), ['/app', '/page']);
    assert.deepEqual(mounted('/%61pp/page', '/app'), ['/app', '/page']);
    assert.deepEqual(mounted('/page', ''), ['', '/page']);
    assert.deepEqual(mounted('/page', '/'), ['', '/page']);
  });

  it('is what the proxy says also where something else was set', () => {
    assert.deepEqual(mounted('/app/page', '/app', { scriptName: '/other' }), ['/app', '/page']);
    assert.deepEqual(mounted('/other/page', '', { scriptName: '/other' }), ['', '/other/page']);
  });

  it('is nothing that others could say', () => {
    assert.deepEqual(mounted('/app/page', '/app', { peer: PEER }), [undefined, '/app/page']);
    const unlisted: Peer = {
      ...PEER,
      rules: { ...TRUSTED_RULES, forwarderNames: OTHER_RULES.forwarderNames },
    };
    assert.deepEqual(mounted('/app/page', '/app', { peer: unlisted }), [undefined, '/app/page']);
  });

  it('must hold the path', () => {
    for (const target of ['/', '/application', '/%2Fapp', '/other']) {
      assert.equal(refusal(get(target, 'SCRIPT_NAME: /app'), TRUSTED), '404 ');
    }
  });

  it('must be a path, said once', () => {
    assert.match(refusal(get('/app', 'SCRIPT_NAME: app'), TRUSTED), /^400 SCRIPT_NAME must begin/);
    assert.match(refusal(get('/a', 'SCRIPT_NAME: /a', 'SCRIPT_NAME: /a'), TRUSTED), /^400 /);
    assert.match(refusal(get('/a', 'SCRIPT_NAME: /a', 'Script-Name: /b'), TRUSTED), /^400 /);
  });
});

describe('when a request arrived', () => {
  const start = (head: RequestHead, options: Options) => environ(head, options).HTTP_X_REQUEST_START;
  const arrivedUs = 1_795_259_400_123_456;

  it('is told in microseconds since 1970, when the application is to know', () => {
    assert.equal(start(get('/'), { arrivedUs }), 't=1795259400123456');
    assert.equal(start(get('/'), { arrivedUs, peer: TRUSTED }), 't=1795259400123456');
    assert.equal(start(get('/'), {}), undefined);
  });

  it('is believed of a trusted proxy, and of nobody else', () => {
    const claimed = () => get('/', 'X-Request-Start: t=1');
    assert.equal(start(claimed(), { arrivedUs, peer: TRUSTED }), 't=1');
    assert.equal(start(claimed(), { arrivedUs }), 't=1795259400123456');
    assert.equal(start(get('/', 'X-Request-Start:'), { arrivedUs, peer: TRUSTED }), 't=1795259400123456');
  });

  it('is a field like any other where the application is not told', () => {
    assert.equal(start(get('/', 'X-Request-Start: t=1'), {}), 't=1');
  });

  it('is of each request, also where all fields are the same', () => {
    const head = get('/', 'X-Request-Start: t=1');
    assert.deepEqual(
      [{}, { arrivedUs: 2 }, { arrivedUs: 3 }, {}].map((options) => start(head, options)),
      ['t=1', 't=2', 't=3', 't=1'],
    );
  });
});

describe('a path', () => {
  it('is decoded into bytes, as latin-1', () => {
    assert.equal(decodePath('/a%2Fb%2fc'), '/a/b/c');
    assert.equal(decodePath('/%C3%A4%ff'), '/\xc3\xa4\xff');
    assert.equal(decodePath('/plain'), '/plain');
  });

  it('keeps what is no valid encoding, and is decoded once', () => {
    assert.equal(decodePath('/100%'), '/100%');
    assert.equal(decodePath('/%zz%4'), '/%zz%4');
    assert.equal(decodePath('/%2541'), '/%41');
    assert.equal(decodePath('/%%34%31'), '/%41');
  });
});
