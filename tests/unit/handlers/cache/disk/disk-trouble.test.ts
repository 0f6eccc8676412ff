import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DiskTrouble } from '../../../../../src/handlers/cache/disk/disk-trouble.ts';

describe('a folder that cannot be written to', () => {
  it('is left alone for a second, and longer each time it fails again, up to a minute', () => {
    const trouble = new DiskTrouble();
    let nowMs = 5000;
    const pauses: number[] = [];
    for (let time = 0; time < 9; time += 1) {
      trouble.failed(nowMs);
      const failedMs = nowMs;
      while (!trouble.mayWrite(nowMs)) nowMs += 500;
      pauses.push((nowMs - failedMs) / 1000);
    }
    assert.deepEqual(pauses, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
  });

  it('is news once, however much had been begun, and so is that it can be written to again', () => {
    const trouble = new DiskTrouble();
    assert.equal(trouble.succeeded(0), false, 'nothing has failed yet');
    assert.equal(trouble.failed(1000), true);
    assert.deepEqual([trouble.failed(1001), trouble.failed(1999)], [false, false]);
    assert.equal(trouble.mayWrite(2000), true, 'those that fail meanwhile make it no longer');
    assert.equal(trouble.failed(2000), false, 'it has been told');
    assert.equal(trouble.succeeded(1500), false, 'what was begun before says nothing about now');
    assert.equal(trouble.succeeded(4000), true);
    assert.equal(trouble.succeeded(4001), false);
  });

  it('is tried again as soon as at first once it has been well for a minute', () => {
    const trouble = new DiskTrouble();
    for (const nowMs of [0, 1000, 3000]) trouble.failed(nowMs);
    assert.equal(trouble.mayWrite(6999), false);
    assert.equal(trouble.succeeded(7000), true);
    assert.equal(trouble.failed(7000 + 60_000), true);
    assert.equal(trouble.mayWrite(67_000 + 1000), false, 'a minute is not over yet');
    assert.equal(trouble.succeeded(75_000), true);
    assert.equal(trouble.failed(75_000 + 60_001), true);
    assert.equal(trouble.mayWrite(135_001 + 1000), true);
  });
});
