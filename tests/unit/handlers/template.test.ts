import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { compileTemplate } from '../../../src/handlers/template.ts';
import { FakeExchange, get, headOf, PEER } from './fake-exchange.ts';

const meaningOf = (template: string, exchange: FakeExchange) => compileTemplate(template)(exchange);

describe('a template', () => {
  const exchange = new FakeExchange(
    headOf(
      'POST //a%20b/%C3%A4?x=1&y=%20z&x=2 HTTP/1.1',
      'Host: Shop.Example:8000',
      'User-Agent: curl/8',
      'X-Forwarded-For: 192.0.2.9',
      'Cookie: a=1; session=ab=c',
      'Content-Type: text/plain',
      'Content-Length: 3',
    ),
  );
  const values: readonly (readonly [template: string, value: string])[] = [
    ['nothing', 'nothing'],
    ['costs $ 5, $', 'costs $ 5, $'],
    ['$scheme://$host:$server_port', 'http://shop.example:8000'],
    ['$http_host', 'Shop.Example:8000'],
    ['$path', '/a%20b/%C3%A4'],
    ['$uri', Buffer.from('/a b/ä').toString('latin1')],
    ['$query|$args', 'x=1&y=%20z&x=2|x=1&y=%20z&x=2'],
    ['$request_uri', '/a%20b/%C3%A4?x=1&y=%20z&x=2'],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the templates' own braces
    ['${request_method}s', 'POSTs'],
    ['$server_protocol $content_type $content_length', 'HTTP/1.1 text/plain 3'],
    ['$remote_addr:$remote_port', '192.0.2.7:40000'],
    ['$server_name = $server_addr', '127.0.0.1 = 127.0.0.1'],
    ['$proxy_add_x_forwarded_for', '192.0.2.9, 192.0.2.7'],
    ['$http_user_agent', 'curl/8'],
    ['[$http_x_none]', '[]'],
    ['$cookie_session|$cookie_none', 'ab=c|'],
    ['$arg_x|$arg_y|$arg_none', '1|%20z|'],
    ['ä', Buffer.from('ä').toString('latin1')],
  ];
  for (const [template, value] of values) {
    it(`${template} is worked out`, () => assert.equal(meaningOf(template, exchange), value));
  }

  it('has all lines of a field, which are one list', () => {
    const several = new FakeExchange(
      get(
        '/',
        'X-A: 1',
        'X-Forwarded-For: 192.0.2.8',
        'X-A: 2',
        'X-Forwarded-For:',
        'Cookie: a=1',
        'Cookie: b=2',
      ),
    );
    assert.equal(meaningOf('$http_x_a|$http_cookie|$cookie_b', several), '1, 2|a=1; b=2|2');
    assert.equal(meaningOf('$proxy_add_x_forwarded_for', several), '192.0.2.8, 192.0.2.7');
  });

  it('has the groups of the pattern, also before other text', () => {
    exchange.groups = ['one', undefined, 'ü'];
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the templates' own braces
    assert.equal(meaningOf('$1st $2 ${1}0', exchange), 'onest  one0');
    assert.equal(compileTemplate('/$3', encodeURI)(exchange), '/%C3%BC');
  });

  it('never holds what would end a field', () => {
    const evil = new FakeExchange(get('/a%0d%0aSet-Cookie:%20b'));
    evil.groups = ['a\r\nb'];
    assert.equal(meaningOf('$uri $1', evil), '/a%0D%0ASet-Cookie: b a%0D%0Ab');
  });

  it('has an address for clients on a unix socket, as nginx has', () => {
    const local = new FakeExchange(get('/'), { ...PEER, remoteAddress: '' });
    assert.equal(meaningOf('$remote_addr $proxy_add_x_forwarded_for', local), 'unix: unix:');
  });
});
