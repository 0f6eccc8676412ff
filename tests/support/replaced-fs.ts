import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import type { TestContext } from 'node:test';

/** Replaces one of the functions of node:fs, also for those that have imported it. Returns what puts it back before the test's end. */
export function replaceInFs(
  t: TestContext,
  name: 'close' | 'fdatasync' | 'ftruncate' | 'mkdir' | 'open' | 'read' | 'rename' | 'writev',
  replacement: (...args: never[]) => void,
): () => void {
  const mocked = t.mock.method(fs, name, replacement as never);
  syncBuiltinESMExports();
  const restore = () => {
    mocked.mock.restore();
    syncBuiltinESMExports();
  };
  t.after(restore);
  return restore;
}
