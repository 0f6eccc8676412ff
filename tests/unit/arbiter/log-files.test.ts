import assert from 'node:assert/strict';
import { lchownSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { giveLogFiles } from '../../../src/arbiter/log-files.ts';
import type { EdgeConfig } from '../../../src/protocol/supervision/edge.ts';
import { makeTemporaryFolder, removeFolder } from '../../support/temporary-folder.ts';

const OTHER = { uid: 65_534, gid: 65_534, groupsBy: null };

describe('log files', { skip: process.getuid?.() !== 0 && 'only root may give files away' }, () => {
  let folder: string;
  beforeEach(() => {
    folder = makeTemporaryFolder();
  });
  afterEach(() => removeFolder(folder));

  const give = (errorLog: string) =>
    giveLogFiles({ owner: OTHER, edge: { errorLog, accessLog: null } as EdgeConfig });

  it('are made, and given to the account of the workers', () => {
    const log = join(folder, 'error.log');
    give(log);
    assert.deepEqual([statSync(log).uid, statSync(log).gid], [OTHER.uid, OTHER.gid]);
  });

  it('are given through a link of our own', () => {
    const [file, log] = [join(folder, 'file'), join(folder, 'error.log')];
    writeFileSync(file, '');
    symlinkSync(file, log);
    give(log);
    assert.equal(statSync(file).uid, OTHER.uid);
  });

  it('are not given through a link of another account', () => {
    const [secret, log] = [join(folder, 'secret'), join(folder, 'error.log')];
    writeFileSync(secret, '');
    symlinkSync(secret, log);
    lchownSync(log, OTHER.uid, OTHER.gid);
    assert.throws(() => give(log), /the log \S+error\.log cannot be given to user 65534: ELOOP/);
    assert.equal(statSync(secret).uid, 0);
  });
});
