import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { StreamHistory } from '../../../../src/protocol/http2/stream-history.ts';
import { Random } from '../../../support/random.ts';

const REMEMBERED = 1024;
const MAX_STREAM_ID = 2 ** 31 - 1;

function begun(...streamIds: readonly number[]): StreamHistory {
  const history = new StreamHistory();
  for (const streamId of streamIds) history.begin(streamId);
  return history;
}

describe('the history of streams', () => {
  it('knows of none at first', () => {
    const history = new StreamHistory();
    for (const streamId of [0, 1, 2, 3, MAX_STREAM_ID]) assert.equal(history.stateOf(streamId), 'idle');
    assert.equal(history.highest, -1);
  });

  it('says what became of each', () => {
    const history = begun(1, 3, 5);
    history.note(1, 'ended');
    history.note(3, 'given-up');
    const states = [1, 3, 5, 7].map((streamId) => history.stateOf(streamId));
    assert.deepEqual(states, ['ended', 'given-up', 'open', 'idle']);
    assert.equal(history.highest, 5);
  });

  it('knows of none that the server has begun', () => {
    const history = begun(1, 9);
    for (const streamId of [0, 2, 8, 10]) assert.equal(history.stateOf(streamId), 'idle');
  });

  it('takes all below the first one for passed over', () => {
    const history = begun(7);
    assert.deepEqual(
      [1, 3, 5, 7, 9].map((streamId) => history.stateOf(streamId)),
      ['skipped', 'skipped', 'skipped', 'open', 'idle'],
    );
  });

  it('lets the last word count', () => {
    const history = begun(1);
    history.note(1, 'ended');
    history.note(1, 'given-up');
    assert.equal(history.stateOf(1), 'given-up');
    history.note(1, 'ended');
    assert.equal(history.stateOf(1), 'ended');
  });

  it(`remembers ${REMEMBERED} streams, and forgets those before them`, () => {
    const history = new StreamHistory();
    for (let streamId = 1; streamId < 2 * REMEMBERED; streamId += 2) {
      history.begin(streamId);
      history.note(streamId, 'ended');
    }
    assert.equal(history.stateOf(1), 'ended');
    const next = history.highest + 2;
    history.begin(next);
    assert.equal(history.stateOf(1), 'forgotten');
    assert.equal(history.stateOf(3), 'ended');
    assert.equal(history.stateOf(next), 'open');
    // What is said of one that was forgotten is not said of another.
    history.note(1, 'given-up');
    assert.equal(history.stateOf(next), 'open');
  });

  for (const jump of [REMEMBERED - 1, REMEMBERED, REMEMBERED + 1, 5 * REMEMBERED]) {
    it(`knows what was passed over by a jump of ${jump} streams`, () => {
      const history = begun(1, 3);
      history.note(1, 'given-up');
      history.note(3, 'given-up');
      const next = 3 + 2 * jump;
      history.begin(next);
      const isFar = (streamId: number) => next - streamId >= 2 * REMEMBERED;
      assert.equal(history.stateOf(3), isFar(3) ? 'forgotten' : 'given-up');
      for (let streamId = 5; streamId < next; streamId += 2) {
        assert.equal(history.stateOf(streamId), isFar(streamId) ? 'forgotten' : 'skipped', `${streamId}`);
      }
      assert.equal(history.stateOf(next), 'open');
    });
  }

  it('goes on to the last number that there is', () => {
    const history = begun(1, MAX_STREAM_ID);
    assert.equal(history.stateOf(MAX_STREAM_ID), 'open');
    assert.equal(history.stateOf(MAX_STREAM_ID - 2), 'skipped');
    assert.equal(history.stateOf(1), 'forgotten');
  });

  it('says the same as one that remembers all, but for what is too old', () => {
    const random = new Random(20250101);
    const history = new StreamHistory();
    const all = new Map<number, string>();
    let highest = -1;
    for (let step = 0; step < 20_000; step++) {
      if (random.chance(0.4)) {
        const next =
          highest + 2 * (random.chance(0.9) ? 1 : random.between(1, random.chance(0.99) ? 4 : 3000));
        history.begin(next);
        all.set(next, 'open');
        highest = next;
      } else {
        const streamId = Math.max(1, highest - 2 * random.below(1500));
        const state = random.of(['ended', 'given-up'] as const);
        if (!all.has(streamId)) continue;
        history.note(streamId, state);
        all.set(streamId, state);
      }
      const asked = Math.max(1, highest + 4 - 2 * random.below(1200));
      const known =
        asked > highest
          ? 'idle'
          : highest - asked >= 2 * REMEMBERED
            ? 'forgotten'
            : (all.get(asked) ?? 'skipped');
      assert.equal(history.stateOf(asked), known, `stream ${asked} in step ${step}`);
    }
  });
});
