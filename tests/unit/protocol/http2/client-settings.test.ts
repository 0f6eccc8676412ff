import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { applySettings } from '../../../../src/protocol/http2/client-settings.ts';
import { ERROR, SETTING, settings } from '../../../support/http2-frames.ts';

const MAX_WINDOW_BYTES = 2 ** 31 - 1;
const MAX_UINT32 = 2 ** 32 - 1;

type Entry = readonly [setting: number, value: number];

/** What was said to the taker, and what is wrong. */
function applied(entries: readonly Entry[], takesWindow = true): { calls: string[]; code: number | null } {
  const calls: string[] = [];
  // In the middle of other bytes, as in a chunk that was read.
  const bytes = Buffer.concat([Buffer.from('ffff', 'hex'), settings(...entries), Buffer.from('ff', 'hex')]);
  const violation = applySettings(bytes, 2 + 9, bytes.length - 1, {
    setHeaderTableSize: (size) => calls.push(`table ${size}`),
    setInitialWindow: (size) => {
      calls.push(`window ${size}`);
      return takesWindow;
    },
  });
  return { calls, code: violation?.code ?? null };
}

describe('the SETTINGS of a client', () => {
  it('are applied in their order, of several windows the last: each is work for every stream', () => {
    const { calls, code } = applied([
      [SETTING.window, 10],
      [SETTING.tableSize, 0],
      [SETTING.window, 20],
      [SETTING.tableSize, 4096],
    ]);
    assert.deepEqual(calls, ['table 0', 'table 4096', 'window 20']);
    assert.equal(code, null);
  });

  it('may be none, or such as nobody knows', () => {
    assert.deepEqual(applied([]), { calls: [], code: null });
    for (const setting of [0, 7, 0xffff]) {
      assert.deepEqual(applied([[setting, MAX_UINT32]]), { calls: [], code: null });
    }
  });

  const cases: readonly (readonly [what: string, entry: Entry, code: number | null])[] = [
    ['no table', [SETTING.tableSize, 0], null],
    ['the largest table', [SETTING.tableSize, MAX_UINT32], null],
    ['no pushes', [SETTING.push, 0], null],
    ['pushes', [SETTING.push, 1], null],
    ['half a push', [SETTING.push, 2], ERROR.protocol],
    ['no streams of the server', [SETTING.maxStreams, 0], null],
    ['no window', [SETTING.window, 0], null],
    ['the largest window', [SETTING.window, MAX_WINDOW_BYTES], null],
    ['a window that is too large', [SETTING.window, MAX_WINDOW_BYTES + 1], ERROR.flowControl],
    ['the smallest frames', [SETTING.frameSize, 16_384], null],
    ['frames that are too small', [SETTING.frameSize, 16_383], ERROR.protocol],
    ['the largest frames', [SETTING.frameSize, 2 ** 24 - 1], null],
    ['frames that are too large', [SETTING.frameSize, 2 ** 24], ERROR.protocol],
    ['the smallest head', [6, 0], null],
  ];
  for (const [what, entry, code] of cases) {
    it(`${code === null ? 'may' : 'must not'} ask for ${what}`, () => {
      assert.equal(applied([entry]).code, code);
    });
  }

  it('are not taken as far as they are right: what is wrong ends the connection', () => {
    const { calls, code } = applied([
      [SETTING.tableSize, 1],
      [SETTING.push, 2],
      [SETTING.tableSize, 2],
    ]);
    assert.deepEqual(calls, ['table 1']);
    assert.equal(code, ERROR.protocol);
  });

  it('must not make the window of a stream larger than there can be', () => {
    assert.equal(applied([[SETTING.window, 1]], false).code, ERROR.flowControl);
  });

  it('must be whole', () => {
    const bytes = settings([SETTING.window, 5]).subarray(9);
    const taker = {
      setHeaderTableSize: () => assert.fail('nothing is applied'),
      setInitialWindow: () => assert.fail('nothing is applied'),
    };
    for (const length of [1, 5]) {
      assert.equal(applySettings(bytes, 0, length, taker)?.code, ERROR.frameSize);
    }
    const longer = Buffer.concat([bytes, Buffer.of(0)]);
    assert.equal(applySettings(longer, 0, longer.length, taker)?.code, ERROR.frameSize);
  });
});
