import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { PidFile } from '../../../src/arbiter/pid-file.ts';

describe('a pid file', () => {
  let folder: string;
  let path: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'kirin-test-'));
    path = join(folder, 'pid');
  });

  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  it('holds the pid and a line end, and nothing is left beside it', () => {
    new PidFile(path).write();
    assert.equal(readFileSync(path, 'utf8'), `${process.pid}\n`);
    assert.deepEqual(readdirSync(folder), ['pid']);
  });

  it('has another owner when it names a living process', () => {
    writeFileSync(path, `${process.ppid}\n`);
    assert.equal(new PidFile(path).otherOwner(), process.ppid);
  });

  for (const [what, text] of [
    ['names a process that is gone', '4194303\n'],
    ['names this process', `${process.pid}\n`],
    ['is empty', ''],
    ['holds something else', 'not a pid\n'],
  ] as const) {
    it(`has no other owner when it ${what}`, () => {
      writeFileSync(path, text);
      assert.equal(new PidFile(path).otherOwner(), null);
    });
  }

  it('is removed by its owner only', () => {
    writeFileSync(path, `${process.ppid}\n`);
    new PidFile(path).remove();
    assert.deepEqual(readdirSync(folder), ['pid']);
    new PidFile(path).write();
    new PidFile(path).remove();
    assert.deepEqual(readdirSync(folder), []);
  });

  it('can become another file, also one that names a living process', () => {
    const file = new PidFile(`${path}.2`);
    file.write();
    writeFileSync(path, `${process.ppid}\n`);
    file.moveTo(path);
    assert.equal(readFileSync(path, 'utf8'), `${process.pid}\n`);
    assert.deepEqual(readdirSync(folder), ['pid']);
    file.remove();
    assert.deepEqual(readdirSync(folder), []);
  });
});
