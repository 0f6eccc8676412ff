import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BasicAuth } from '../../../../src/handlers/auth/basic-auth.ts';
import { VerifiedCredentials } from '../../../../src/handlers/auth/verified-credentials.ts';
import type { Exchange } from '../../../../src/handlers/exchange.ts';
import { FakeExchange, get } from '../fake-exchange.ts';

const SPEC = {
  realm: 'Staff',
  file: null,
  users: [['ann', 'hash of ann']] as readonly (readonly [string, string])[],
};

/** Questions that wait for the test to answer them. */
class Questions {
  readonly asked: { readonly password: string; readonly hash: string; answer(isRight: boolean): void }[] = [];
  isFull = false;

  check(password: string, hash: string): Promise<boolean> | null {
    if (this.isFull) return null;
    return new Promise((resolve) => this.asked.push({ password, hash, answer: resolve }));
  }
}

function guard() {
  const reached: Exchange[] = [];
  const lines: string[] = [];
  const questions = new Questions();
  const handler = new BasicAuth(
    SPEC,
    { handle: (exchange) => reached.push(exchange) },
    { passwords: questions, report: () => {}, reportRefused: (line) => lines.push(line) },
  );
  const ask = (credentials: string) => {
    const encoded = Buffer.from(credentials).toString('base64');
    const exchange = new FakeExchange(get('/', `Authorization: Basic ${encoded}`));
    handler.handle(exchange);
    return exchange;
  };
  return { ask, reached, questions, lines };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

describe('Basic authentication', () => {
  it('asks once for what comes at the same time, and not again for what was right', async () => {
    const { ask, reached, questions } = guard();
    const both = [ask('ann:secret'), ask('ann:secret')];
    assert.equal(questions.asked.length, 1);
    assert.equal(both[0]?.producer?.isWaiting, true);
    questions.asked[0]?.answer(true);
    await settled();
    assert.deepEqual(reached, both);
    assert.equal(both[0]?.remoteUser, 'ann');
    ask('ann:secret');
    assert.deepEqual([reached.length, questions.asked.length], [3, 1]);
  });

  it('asks each time about what was wrong, and as long about users that there are not', async () => {
    const { ask, reached, questions } = guard();
    for (const credentials of ['ann:wrong', 'ann:wrong', 'eve:wrong']) {
      const exchange = ask(credentials);
      questions.asked.at(-1)?.answer(credentials.startsWith('eve'));
      await settled();
      assert.match(exchange.events.join(), /^refuse 401 WWW-Authenticate: Basic realm="Staff"/);
    }
    assert.deepEqual(
      questions.asked.map(({ hash }) => hash),
      ['hash of ann', 'hash of ann', 'hash of ann'],
    );
    assert.equal(reached.length, 0);
  });

  it('answers 503 when too many wait', () => {
    const { ask, questions, lines } = guard();
    questions.isFull = true;
    assert.deepEqual(ask('ann:secret').events, ['refuse 503 Retry-After: 1']);
    assert.match(lines.join(), /Too many passwords wait/);
  });

  it('forgets a client that has left', async () => {
    const { ask, reached, questions } = guard();
    const exchange = ask('ann:secret');
    exchange.finish();
    questions.asked[0]?.answer(true);
    await settled();
    assert.deepEqual([reached.length, exchange.events.length], [0, 0]);
  });
});

describe('credentials that were right', () => {
  it('are known for some minutes, by a digest that differs with each part of them and each process', () => {
    const known = new VerifiedCredentials();
    const digest = known.digestOf('ann', 'secret', 'hash');
    known.add(digest, 0);
    assert.ok(known.has(digest, 299_999));
    assert.ok(!known.has(digest, 300_000));
    const others = [
      known.digestOf('ann', 'secret', 'other'),
      known.digestOf('annsecret', '', 'hash'),
      known.digestOf('ann"', 'secret', 'hash'),
      new VerifiedCredentials().digestOf('ann', 'secret', 'hash'),
    ];
    for (const other of others) assert.notEqual(other, digest);
  });

  it('are no more than a thousand', () => {
    const known = new VerifiedCredentials();
    for (let index = 0; index <= 1000; index += 1) known.add(`digest ${index}`, 0);
    assert.ok(!known.has('digest 0', 1));
    assert.ok(known.has('digest 1', 1));
  });
});
