import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { checkAccess } from '../../../src/arbiter/account-access.ts';
import type { Plan } from '../../../src/arbiter/plan.ts';
import { makeTemporaryFolder, removeFolder } from '../../support/temporary-folder.ts';

const OTHER = { uid: 65_534, gid: 65_534, groupsBy: null };

describe('another account', { skip: process.getuid?.() !== 0 && 'only root may try as another' }, () => {
  let folder: string;
  let app: string;
  let script: string;

  beforeEach(() => {
    folder = makeTemporaryFolder();
    chmodSync(folder, 0o755);
    app = join(folder, 'app');
    mkdirSync(app, { mode: 0o755 });
    script = join(folder, 'main.js');
    writeFileSync(script, '', { mode: 0o644 });
  });
  afterEach(() => removeFolder(folder));

  const check = (owner: Plan['owner'] = OTHER) => {
    const apps = [{ boot: { chdir: app }, python: { path: '/bin/sh', reason: '' } }];
    const plan = { owner, apps };
    checkAccess(plan as unknown as Plan, '/bin/sh', [script]);
  };
  const refused = (message: RegExp) => assert.throws(() => check(), { code: 'account-unable', message });

  it('may use what it needs', () => {
    check();
  });

  it('that is the own one is not tried', () => {
    chmodSync(folder, 0o700);
    check(null);
  });

  it('is refused by a file that it may not read', () => {
    chmodSync(script, 0o600);
    refused(/^user 65534 may not read \S+\/main\.js, and needs kirin's own files$/);
  });

  it('is refused by the first folder on the way that it may not enter, which is named', () => {
    chmodSync(folder, 0o744);
    refused(
      new RegExp(`^user 65534 may not enter ${folder}, and needs kirin's own files \\(\\S+/main\\.js\\)$`),
    );
  });

  it('is refused by a folder that a link leads through', () => {
    const hidden = join(folder, 'hidden');
    mkdirSync(join(hidden, 'app'), { recursive: true });
    chmodSync(hidden, 0o700);
    const link = join(folder, 'link');
    symlinkSync(join(hidden, 'app'), link);
    app = link;
    refused(new RegExp(`may not enter ${hidden}, and needs the app's folder \\(${link}\\)$`));
  });

  it('is refused by a folder of the application that it may enter and not read', () => {
    chmodSync(app, 0o711);
    refused(/may not read \S+\/app, and needs the app's folder$/);
  });
});
