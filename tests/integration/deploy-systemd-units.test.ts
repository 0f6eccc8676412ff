import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { installCommand } from '../support/commands-folder.ts';
import { projectRoot } from '../support/project.ts';
import { makeTemporaryFolder, removeFolder } from '../support/temporary-folder.ts';

const SYSTEMD_ANALYZE = '/usr/bin/systemd-analyze';
const page = readFileSync(join(projectRoot, 'docs', 'operate', 'systemd.md'), 'utf8');

/** The page's indented blocks that are units, by the section that names their kind. */
function unit(section: string): string {
  const blocks = page.match(/^(?: {4}.*\n|\n(?= {4}))+/gm) ?? [];
  const found = blocks.find((block) => block.includes(`    [${section}]\n`));
  assert.ok(found, `docs/operate/systemd.md has no unit with [${section}]`);
  return found.replace(/^ {4}/gm, '').trim();
}

describe('the units of docs/operate/systemd.md', {
  skip: !existsSync(SYSTEMD_ANALYZE) && 'systemd is not installed',
}, () => {
  let folder: string;

  before(() => {
    folder = makeTemporaryFolder();
    installCommand(folder);
    const service = unit('Service').replace(/\/\S+\/kirin/, join(folder, 'kirin'));
    writeFileSync(join(folder, 'shop.service'), `${service}\n`);
    writeFileSync(join(folder, 'shop.socket'), `${unit('Socket')}\n`);
  });
  after(() => removeFolder(folder));

  for (const name of ['shop.service', 'shop.socket']) {
    it(`are understood by systemd: ${name}`, () => {
      const { status, stderr } = spawnSync(SYSTEMD_ANALYZE, ['verify', '--man=no', join(folder, name)], {
        encoding: 'utf8',
        env: { ...process.env, SYSTEMD_UNIT_PATH: `${folder}:` },
      });
      assert.equal(status, 0, stderr);
      assert.doesNotMatch(stderr, /shop\./);
    });
  }
});
