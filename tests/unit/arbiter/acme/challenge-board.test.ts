import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ChallengeBoard } from '../../../../src/arbiter/acme/challenge-board.ts';
import type { Challenge } from '../../../../src/protocol/supervision/acme.ts';
import type { ArbiterToEdge } from '../../../../src/protocol/supervision/edge.ts';

const challenge = (token: string): Challenge => ({
  type: 'http-01',
  token,
  keyAuthorization: `${token}.key`,
});

describe('challenges', () => {
  function newBoard() {
    const told: [number, string[]][] = [];
    const served: number[] = [];
    const tellEdge = (message: ArbiterToEdge) => {
      assert.ok(message.type === 'challenges');
      told.push([
        message.number,
        message.challenges.map((each) => (each.type === 'http-01' ? each.token : '')),
      ]);
    };
    return { board: new ChallengeBoard(tellEdge, (id) => served.push(id)), told, served };
  }

  it('are told to the edge, all that there are, whenever one comes or goes', () => {
    const { board, told } = newBoard();
    board.add(7, challenge('a'));
    board.add(8, challenge('b'));
    board.remove(7);
    board.remove(7);
    board.clear();
    board.clear();
    assert.deepEqual(told, [
      [1, ['a']],
      [2, ['a', 'b']],
      [3, ['b']],
      [4, []],
    ]);
  });

  it('are served once the edge has said so of a message that had them', () => {
    const { board, served } = newBoard();
    board.add(7, challenge('a'));
    board.add(8, challenge('b'));
    board.noteServed(1);
    assert.deepEqual(served, [7]);
    board.noteServed(2);
    assert.deepEqual(served, [7, 7, 8]);
  });

  it('are told to a new edge, if there are any', () => {
    const { board, told, served } = newBoard();
    board.show();
    assert.deepEqual(told, []);
    board.add(7, challenge('a'));
    board.show();
    assert.deepEqual(told.at(-1), [2, ['a']]);
    board.noteServed(2);
    assert.deepEqual(served, [7]);
  });
});
