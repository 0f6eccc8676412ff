import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DiskGate } from '../../../../src/handlers/files/disk-gate.ts';

describe('the gate to the disk', () => {
  it('lets as many questions through at once as it may, and the others in their order', () => {
    const gate = new DiskGate(2);
    const asked: string[] = [];
    const answers: string[] = [];
    const finish = new Map<string, () => void>();
    for (const name of ['a', 'b', 'c', 'd']) {
      gate.ask<string>(
        (done) => {
          asked.push(name);
          finish.set(name, () => done(null, name));
        },
        (_error, value) => answers.push(value),
      );
    }
    assert.deepEqual(asked, ['a', 'b']);
    finish.get('b')?.();
    assert.deepEqual(asked, ['a', 'b', 'c']);
    finish.get('c')?.();
    finish.get('d')?.();
    // The first never is answered, and holds up nobody.
    assert.deepEqual(answers, ['b', 'c', 'd']);
  });

  it('hands failures on, and goes on after them', () => {
    const gate = new DiskGate(1);
    const codes: unknown[] = [];
    for (let round = 0; round < 2; round += 1) {
      gate.ask<number>(
        (done) => done(Object.assign(new Error('no'), { code: 'EIO' }), 0),
        (error) => codes.push(error?.code),
      );
    }
    assert.deepEqual(codes, ['EIO', 'EIO']);
  });
});
