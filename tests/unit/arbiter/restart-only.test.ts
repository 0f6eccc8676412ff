import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Plan } from '../../../src/arbiter/plan.ts';
import { keepWhatIsBound } from '../../../src/arbiter/restart-only.ts';
import { parseBindAddress } from '../../../src/config/bind-address.ts';

const OLD = {
  name: 'old',
  workers: { min: 1, max: 1 },
  bind: [parseBindAddress(':8000')],
  owner: { uid: 33, gid: 33, groupsBy: null },
  umask: 0,
  pidFile: '/run/app.pid',
} as unknown as Plan;

describe('a reload', () => {
  it('takes over what can change while Kirin runs', () => {
    const next = { ...OLD, name: 'new', workers: { min: 2, max: 4 }, bind: [parseBindAddress(':8000')] };
    assert.deepEqual(keepWhatIsBound(OLD, next), { plan: next, kept: [] });
  });

  it('keeps what only a restart changes, and names it', () => {
    const next = {
      ...OLD,
      name: 'new',
      bind: [parseBindAddress(':9000')],
      owner: null,
      umask: 18,
      pidFile: null,
    };
    const { plan, kept } = keepWhatIsBound(OLD, next);
    assert.deepEqual(plan, { ...OLD, name: 'new' });
    assert.deepEqual(kept, ['bind', 'user, group or initgroups', 'umask', 'pidfile']);
  });
});
