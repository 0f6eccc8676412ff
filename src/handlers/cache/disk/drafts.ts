import { readdir, readFile, type Stats, stat, unlink } from 'node:fs';
import { join } from 'node:path';
import { ownerOf, ownSelf, startedOf } from './draft-owner.ts';
import { gated, gatedVoid } from './gated.ts';

/** The folder in a cache's that they are in. */
export const DRAFTS = 'new';
/** Whose writer cannot be looked for, and has not written for so long, was left behind. */
export const SILENT_MS = 600_000;
const DRAFT = /^[0-9a-f]{32}-[0-9a-f]{16}(?:\.|$)/;

/** Removes what nobody will finish; what others write, here or elsewhere, stays. */
export async function removeAbandoned(folder: string): Promise<void> {
  const names = await gated<string[]>((done) => readdir(folder, done)).catch(() => []);
  for (const name of names) {
    const path = join(folder, name);
    if (!DRAFT.test(name) || !(await isAbandoned(path, name))) continue;
    await gatedVoid((done) => unlink(path, done)).catch(() => {});
  }
}

async function isAbandoned(path: string, name: string): Promise<boolean> {
  const owner = ownerOf(name);
  if (owner !== null && owner.place === ownSelf()?.place) {
    const text = await gated<string>((done) => readFile(`/proc/${owner.pid}/stat`, 'latin1', done)).catch(
      (error: NodeJS.ErrnoException) => (isMissing(error) ? '' : null),
    );
    if (text !== null) return text === '' || startedOf(text) !== owner.started;
  }
  const facts = await gated<Stats>((done) => stat(path, done)).catch(() => null);
  return facts !== null && Date.now() - facts.mtimeMs > SILENT_MS;
}

/** ESRCH: it has ended while its file was read. */
const isMissing = ({ code }: NodeJS.ErrnoException): boolean => code === 'ENOENT' || code === 'ESRCH';
