import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { AppFolder, answering } from './app-folder.ts';
import { runKirin } from './kirin.ts';
import { projectRoot } from './project.ts';

/** Every indented block of a page that is a part of a kirin.toml, as Kirin reads it. `files`: what they name. */
export async function checkDocumented(
  page: string,
  files: Readonly<Record<string, string>> = {},
): Promise<void> {
  const text = readFileSync(join(projectRoot, page), 'utf8');
  const blocks = text.match(/(?<=^\n) {4}\[+[a-z](?:.*\n(?=\n* {4}))*.*\n/gm) ?? [];
  assert.ok(blocks.length > 0, `${page} has no example`);
  for (const block of blocks) {
    const source = `app = "shop:app"\n${block.replace(/^ {4}/gm, '')}`;
    const folder = new AppFolder({ 'shop.py': answering('shop'), 'kirin.toml': source, ...files });
    try {
      const { code, log } = await runKirin({ bind: [], cwd: folder.path, args: ['--check-config'] });
      assert.equal(code, 0, `${source}\n${log}`);
    } finally {
      folder.remove();
    }
  }
}
