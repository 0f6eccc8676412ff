import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { type LockHolder, spawnLockHolder } from '../../support/lock-holder.ts';
import { makeTemporaryFolder, removeFolder } from '../../support/temporary-folder.ts';

describe('the lock of a folder', () => {
  const root = makeTemporaryFolder();
  const holders: LockHolder[] = [];
  after(async () => {
    for (const holder of holders) await holder.kill();
    removeFolder(root);
  });

  async function holder(folder: string): Promise<LockHolder> {
    const spawned = await spawnLockHolder(folder);
    holders.push(spawned);
    return spawned;
  }

  it('is one process’s until it ends, however that is, and whatever the folder is called', async () => {
    const folder = join(root, 'made', 'for', 'it');
    const first = await holder(folder);
    assert.equal(first.hasIt, true);
    const link = join(root, 'link');
    symlinkSync(folder, link);
    assert.equal((await holder(folder)).hasIt, false);
    assert.equal((await holder(link)).hasIt, false);
    await first.kill();
    assert.equal((await holder(link)).hasIt, true);
  });

  it('is another’s for another folder', async () => {
    for (const name of ['one', 'other']) {
      mkdirSync(join(root, name));
      assert.equal((await holder(join(root, name))).hasIt, true);
    }
  });
});
