import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import {
  draftName,
  ownerOf,
  ownSelf,
  startedOf,
} from '../../../../../src/handlers/cache/disk/draft-owner.ts';
import { removeAbandoned } from '../../../../../src/handlers/cache/disk/drafts.ts';
import { makeTemporaryFolder, removeFolder } from '../../../../support/temporary-folder.ts';

const NAME = `${'a'.repeat(32)}-${'b'.repeat(16)}`;
const ELSEWHERE = { pid: 1, started: '1', place: 'f'.repeat(16) };
const hasProc = existsSync('/proc/self/stat');

describe('who writes a draft', () => {
  it('is read from its name', () => {
    const owner = { pid: 4711, started: '123456', place: '0123456789abcdef' };
    assert.deepEqual(ownerOf(draftName(NAME, owner)), owner);
    for (const name of [NAME, draftName(NAME, null), `${NAME}.4711-123456`, `${NAME}.x-1-${'0'.repeat(16)}`])
      assert.equal(ownerOf(name), null);
  });

  it('has begun when the system says, unless it is over', () => {
    const stat = (name: string, state: string) =>
      `77 (${name}) ${state} 1 77 77 0 -1 4194304 1 2 3 4 5 6 7 8 20 0 11 0 987654 1 2 3\n`;
    for (const name of ['node', 'a) R 1 (b', '']) {
      assert.equal(startedOf(stat(name, 'S')), '987654');
      assert.equal(startedOf(stat(name, 'Z')), null);
    }
    assert.equal(startedOf('77 (cut'), null);
  });

  it('is this process', { skip: !hasProc && 'there is no /proc' }, () => {
    const self = ownSelf();
    assert.equal(self?.pid, process.pid);
    assert.equal(startedOf(readFileSync(`/proc/${process.pid}/stat`, 'latin1')), self?.started);
  });
});

describe('drafts', () => {
  let folder: string;

  beforeEach(() => {
    folder = makeTemporaryFolder();
  });

  afterEach(() => removeFolder(folder));

  function put(name: string, ageSeconds = 0): string {
    const path = join(folder, name);
    writeFileSync(path, 'half');
    const time = Date.now() / 1000 - ageSeconds;
    utimesSync(path, time, time);
    return name;
  }

  it('of a process that is gone go at once, and those of one that lives stay', {
    skip: !hasProc && 'there is no /proc',
  }, async () => {
    const self = ownSelf() ?? assert.fail('it is not known');
    const child = spawn(process.execPath, ['-e', 'process.stdin.resume()'], { stdio: 'pipe' });
    await once(child, 'spawn');
    const pid = child.pid ?? 0;
    const started = startedOf(readFileSync(`/proc/${pid}/stat`, 'latin1')) ?? '';
    const other = put(draftName(NAME, { ...self, pid, started }), 100_000);
    const own = put(draftName(NAME, self), 100_000);
    put(draftName(NAME, { ...self, started: `${self.started}0` }));
    await removeAbandoned(folder);
    assert.deepEqual(readdirSync(folder).sort(), [other, own].sort());
    child.kill('SIGKILL');
    await once(child, 'exit');
    await removeAbandoned(folder);
    assert.deepEqual(readdirSync(folder), [own]);
  });

  it('of whom nobody can tell go when they have not been written to for ten minutes', async () => {
    const old = `${'c'.repeat(32)}-${'d'.repeat(16)}`;
    put(draftName(old, ELSEWHERE), 601);
    put(old, 601);
    const kept = [put(draftName(NAME, ELSEWHERE), 590), put(NAME, 590)];
    await removeAbandoned(folder);
    assert.deepEqual(readdirSync(folder).sort(), kept.sort());
  });

  it('are what a cache has written: all else stays', async () => {
    put('notes.txt', 100_000);
    await removeAbandoned(folder);
    assert.deepEqual(readdirSync(folder), ['notes.txt']);
    await removeAbandoned(join(folder, 'none'));
  });
});
