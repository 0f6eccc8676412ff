import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { PasswordThread } from '../../../src/edge/password-thread.ts';

/** Of `secret`, as cheap as bcrypt goes. */
const HASH = '$2b$04$UE/dC0YF859avVKKO7.QQOt3mJ5bJwuCmsQQucx3afYY9efWlPmjm';

describe('the thread that checks passwords', () => {
  it('says which are right, and takes no more than it can do soon', async () => {
    const problems: string[] = [];
    const thread = new PasswordThread((problem) => problems.push(problem));
    const asked = Array.from({ length: 40 }, (_, index) =>
      thread.check(index % 2 === 0 ? 'secret' : 'wrong', HASH),
    );
    const taken = asked.filter((answer) => answer !== null);
    assert.equal(taken.length, 32);
    const answers = await Promise.all(taken);
    assert.deepEqual(
      answers,
      answers.map((_, index) => index % 2 === 0),
    );
    assert.equal(await thread.check('secret', HASH), true);
    await thread.close();
    assert.deepEqual(problems, []);
  });

  it('lets in nobody who waits for one that ends, and is another one for the next', async () => {
    const thread = new PasswordThread(() => {});
    const waiting = thread.check('secret', HASH);
    await thread.close();
    assert.equal(await waiting, false);
    assert.equal(await thread.check('secret', HASH), true);
    await thread.close();
  });
});
