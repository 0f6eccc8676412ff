import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fieldOf, ResponseHead } from '../../../../src/protocol/http1/response-head.ts';
import { RESPONSE_FLAG } from '../../../../src/protocol/lane/frames.ts';

const HEAD =
  '200 OK\r\nContent-Type: text/plain\r\ncontent-length:  5 \r\nSet-Cookie: a=1\r\nSET-COOKIE: b=2\r\n';
const head = (text = HEAD, flags: number = RESPONSE_FLAG.length) => new ResponseHead(text, flags);

describe('the head of a response', () => {
  it('tells its fields, however their names are written', () => {
    assert.equal(head().get('content-type'), 'text/plain');
    assert.equal(head().get('content-length'), '5');
    assert.equal(head().get('content'), null);
    assert.equal(head().get('type'), null);
    assert.deepEqual(head().all('set-cookie'), ['a=1', 'b=2']);
    assert.deepEqual(head().all('vary'), []);
    assert.equal(fieldOf('204 No Content\r\n', 'date'), null);
    assert.equal(head().status, 200);
  });

  it('takes no value for a field', () => {
    assert.equal(fieldOf('200 OK\r\nX-A: B: 1\r\n', 'b'), null);
    assert.equal(fieldOf('200 a: 1\r\n', '200 a'), null);
  });

  it('loses all fields of a name, first, last and side by side', () => {
    const edited = head();
    edited.remove('set-cookie');
    edited.remove('content-type');
    assert.equal(edited.text, '200 OK\r\ncontent-length:  5 \r\n');
    edited.remove('content-length');
    assert.equal(edited.text, '200 OK\r\n');
    assert.equal(edited.flags, 0);
  });

  it('gets fields, in the place of others or beside them', () => {
    const edited = head('200 OK\r\nX-A: 1\r\nx-a: 2\r\nX-B: 3\r\n', 0);
    edited.set('X-A', '4');
    edited.append('X-B', '5');
    assert.equal(edited.text, '200 OK\r\nX-B: 3\r\nX-A: 4\r\nX-B: 5\r\n');
  });

  it('has flags that stay true', () => {
    const edited = head('200 OK\r\n', RESPONSE_FLAG.close);
    edited.append('Content-Length', '3');
    edited.append('Server', 'x');
    edited.set('Date', 'y');
    const { close, length, date, server } = RESPONSE_FLAG;
    assert.equal(edited.flags, close | length | date | server);
    edited.set('Server', 'z');
    edited.remove('date');
    assert.equal(edited.flags, close | length | server);
  });

  it('gets another status', () => {
    const edited = head();
    edited.setStatus(404, 'Not Found');
    assert.equal(edited.status, 404);
    assert.equal(edited.text, HEAD.replace('200 OK', '404 Not Found'));
  });

  it('gets elements of lists once', () => {
    const vary = (text: string) => {
      const edited = head(`200 OK\r\n${text}`, 0);
      edited.addToList('Vary', 'Accept-Encoding');
      return edited.all('vary').join('|');
    };
    assert.equal(vary(''), 'Accept-Encoding');
    assert.equal(vary('Vary: Cookie\r\nvary: Accept\r\n'), 'Cookie, Accept, Accept-Encoding');
    assert.equal(vary('Vary: cookie,accept-encoding\r\n'), 'cookie,accept-encoding');
    assert.equal(vary('Vary: *\r\n'), '*');
  });
});
