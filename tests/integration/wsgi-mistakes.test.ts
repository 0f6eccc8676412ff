import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RawConnection } from '../support/raw-connection.ts';
import { type RawResponse, readResponse } from '../support/response-reader.ts';
import { useKirin } from '../support/shared-kirin.ts';

/** What a client saw: a whole response and whether the connection ended after it, or a response that was cut. */
type Outcome =
  | { readonly kind: 'whole'; readonly response: RawResponse }
  | { readonly kind: 'cut'; readonly text: string };

describe("an application's mistake", () => {
  const kirin = useKirin({ app: 'wrong:app', args: ['--workers', '1'] });

  async function outcomeOf(path: string): Promise<Outcome> {
    const connection = await RawConnection.open({ port: kirin().port });
    connection.send(`GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
    const bytes = await connection.readToEnd();
    connection.destroy();
    try {
      const read = readResponse(bytes, { method: 'GET', ended: true });
      if (read && read.response.framing !== 'close') return { kind: 'whole', response: read.response };
    } catch {
      // It ended too early.
    }
    return { kind: 'cut', text: bytes.toString('latin1') };
  }

  /** Requests the page, and gives the outcome and what was logged for it. */
  async function tryPage(path: string, logged: RegExp): Promise<{ outcome: Outcome; logged: string }> {
    const from = kirin().log().length;
    const outcome = await outcomeOf(path);
    await kirin().waitForLog(logged, { from });
    return { outcome, logged: kirin().log().slice(from) };
  }

  function assertError500(outcome: Outcome): void {
    assert.equal(outcome.kind, 'whole', JSON.stringify(outcome));
    if (outcome.kind !== 'whole') return;
    assert.equal(outcome.response.status, 500);
    assert.doesNotMatch(
      outcome.response.body.toString(),
      /Traceback|wrong\.py/,
      'clients learn no internals',
    );
  }

  for (const [path, logged] of [
    ['/raises', /RuntimeError: raised on purpose/],
    ['/raises-after-start', /RuntimeError: raised after start_response/],
    ['/str-body', /\bstr\b/],
    ['/str-as-iterable', /\bstr\b/],
    ['/none-body', /NoneType|None/],
    ['/str-write', /\bstr\b/],
    ['/no-start-response', /start_response/],
    ['/started-twice', /start_response/],
    ['/bad-status?kind=word', /status/i],
    ['/bad-status?kind=number', /status/i],
    ['/bad-status?kind=crlf', /status/i],
  ] as const) {
    it(`gets a 500, and a log entry that says what it did: ${path}`, async () => {
      const { outcome } = await tryPage(path, logged);
      assertError500(outcome);
    });
  }

  for (const kind of [
    'crlf',
    'lf',
    'cr',
    'nul',
    'name',
    'space',
    'empty-name',
    'bytes',
    'number',
    'wide',
    'triple',
    'length-word',
    'length-negative',
  ]) {
    it(`in a field gets a 500 and splits no response: ${kind}`, async () => {
      const { outcome } = await tryPage(
        `/bad-field?kind=${kind}`,
        /X-Evil|X Evil|header|field|Content-Length/i,
      );
      assertError500(outcome);
    });
  }

  it('names the request in the log', async () => {
    const { logged } = await tryPage('/raises?page=7', /RuntimeError: raised on purpose/);
    assert.match(logged, /\/raises\?page=7/);
    assert.match(logged, /wrong\.py/);
  });

  it('of a body that is longer than its Content-Length sends no byte too many, and is logged', async () => {
    const { outcome } = await tryPage('/too-long', /Content-Length/i);
    if (outcome.kind === 'whole') {
      assert.ok(outcome.response.status === 500 || outcome.response.body.toString() === '12345');
    }
    assert.doesNotMatch(JSON.stringify(outcome), /6789/);
  });

  for (const path of ['/too-short', '/too-short-stream']) {
    it(`of a body that is shorter than its Content-Length never looks whole: ${path}`, async () => {
      const { outcome } = await tryPage(path, /Content-Length/i);
      if (outcome.kind === 'whole') assert.equal(outcome.response.status, 500);
    });
  }

  it('after the response has begun cuts the connection', async () => {
    const { outcome } = await tryPage('/raises-midway', /RuntimeError: raised midway/);
    assert.equal(outcome.kind, 'cut');
  });

  it('in close() is logged, and the response stands', async () => {
    const { outcome } = await tryPage('/close-raises', /RuntimeError: close raised/);
    assert.equal(outcome.kind === 'whole' && outcome.response.body.toString(), 'whole');
  });

  it('leaves the worker as it was', async () => {
    const workers = kirin().workerPids();
    await outcomeOf('/raises-midway');
    const outcome = await outcomeOf('/');
    assert.equal(outcome.kind === 'whole' && outcome.response.body.toString(), 'fine');
    assert.deepEqual(kirin().workerPids(), workers);
  });
});
