import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LoadFailureHandler } from '../../../src/handlers/load-failure.ts';
import type { LoadFailure } from '../../../src/protocol/supervision/load-failure.ts';
import { FakeExchange, get, headOf } from './fake-exchange.ts';

const FAILURE: LoadFailure = {
  message: 'The application cannot be imported\nTraceback …\nSyntaxError: "<b>" & <script>é',
  error: 'SyntaxError: <script>',
  place: { file: '/srv/<shop>/helper.py', line: 10, first: 9, lines: ['x = 1', 'y = "<&'] },
};
const HTML = 'Accept: text/html,application/xhtml+xml;q=0.9,*/*;q=0.8';

function ask(handler: LoadFailureHandler, ...fields: string[]): string {
  const exchange = new FakeExchange(get('/', ...fields));
  handler.handle(exchange);
  return Buffer.from(exchange.events[0] ?? '', 'latin1').toString();
}

const idIn = (page: string): string => /'kirin-load-failure': '([0-9a-f]{16})'/.exec(page)?.[1] ?? '';

describe('while the application does not load', () => {
  it('browsers get a page that nobody keeps, with file, line and traceback as text', () => {
    const page = ask(new LoadFailureHandler(FAILURE), HTML);
    assert.match(page, /^respond 500 Internal Server Error\r\nContent-Type: text\/html; charset=utf-8\r\n/);
    assert.match(page, /\r\nCache-Control: no-store\r\n/);
    assert.match(page, /<h1>SyntaxError: &lt;script&gt;<\/h1>/);
    assert.match(page, /<code>\/srv\/&lt;shop&gt;\/helper\.py<\/code>, line 10/);
    assert.match(page, /<span> 9 {2}x = 1<\/span><mark>10 {2}y = &quot;&lt;&amp;<\/mark>/);
    assert.match(
      page,
      /<pre>The application .*\nTraceback …\nSyntaxError: &quot;&lt;b&gt;&quot; &amp; &lt;script&gt;é<\/pre>/,
    );
    assert.match(page, /Everybody is shown this, since Kirin runs with <code>--reload<\/code>/);
  });

  it('the length is that of the bytes', () => {
    const exchange = new FakeExchange(get('/', HTML));
    new LoadFailureHandler(FAILURE).handle(exchange);
    const [head = '', body = ''] = (exchange.events[0] ?? '').split(' | ');
    assert.equal(/Content-Length: (\d+)/.exec(head)?.[1], `${body.length}`);
  });

  it('others get text', () => {
    for (const fields of [[], ['Accept: */*'], ['Accept: application/json'], ['Accept: text/plain']]) {
      const text = ask(new LoadFailureHandler(FAILURE), ...fields);
      assert.match(
        text,
        /^respond 500 .*\r\nContent-Type: text\/plain; charset=utf-8\r\nCache-Control: no-store\r\n/,
      );
      assert.match(
        text,
        /SyntaxError: "<b>" & <script>é\n\nEverybody is shown this, since Kirin runs with --reload/,
      );
    }
  });

  it('a failure without a place is shown as well', () => {
    assert.doesNotMatch(ask(new LoadFailureHandler({ ...FAILURE, place: null }), HTML), /class="place"/);
  });

  it('a page waits, and is told when the failure is over', () => {
    const handler = new LoadFailureHandler(FAILURE);
    const id = idIn(ask(handler, HTML));
    const waiting = new FakeExchange(get('/', `Kirin-Load-Failure: ${id}`));
    const gone = new FakeExchange(get('/', `Kirin-Load-Failure: ${id}`));
    handler.handle(waiting);
    handler.handle(gone);
    assert.deepEqual(waiting.events, []);
    assert.equal(waiting.producer?.isWaiting, true);
    gone.producer?.cancel();
    handler.end();
    handler.end();
    assert.equal(waiting.events.length, 1);
    assert.match(waiting.events[0] ?? '', /^respond 204 No Content\r\nCache-Control: no-store/);
    assert.deepEqual(gone.events, []);
  });

  it('a page of another failure is told at once, and one of the same waits on after a restart', () => {
    const id = idIn(ask(new LoadFailureHandler(FAILURE), HTML));
    const other = new LoadFailureHandler({ ...FAILURE, message: 'other' });
    assert.match(ask(other, `Kirin-Load-Failure: ${id}`), /^respond 500 /);
    assert.equal(ask(new LoadFailureHandler(FAILURE), `Kirin-Load-Failure: ${id}`), '');
  });

  it('when the server stops, a page that waits is cut off, and so waits for the next server', () => {
    const handler = new LoadFailureHandler(FAILURE);
    const waiting = new FakeExchange(get('/', `Kirin-Load-Failure: ${idIn(ask(handler, HTML))}`));
    handler.handle(waiting);
    handler.stop();
    assert.deepEqual(waiting.events, ['abort']);
  });

  it('the answer to a form does not reload by itself, which would send the form again', () => {
    const exchange = new FakeExchange(headOf('POST / HTTP/1.1', 'Host: a', HTML, 'Content-Length: 0'));
    new LoadFailureHandler(FAILURE).handle(exchange);
    assert.doesNotMatch(exchange.events[0] ?? '', /<script>/);
  });
});
