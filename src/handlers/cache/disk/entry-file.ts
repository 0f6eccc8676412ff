import { fstat, open, type Stats } from 'node:fs';
import { OpenFile } from '../../files/open-file.ts';
import type { FileOfBody, StoredResponse } from '../stored-response.ts';
import { gated } from './gated.ts';
import { readEntry } from './read-entry.ts';

/** The file of a stored response, if it is still that. @throws what is wrong with it */
export async function openEntry(stored: StoredResponse, body: FileOfBody): Promise<OpenFile> {
  const file = new OpenFile(await gated<number>((done) => open(body.path, 'r', done)));
  try {
    await check(file.fd, stored, body);
    return file;
  } catch (error) {
    file.release();
    throw error;
  }
}

async function check(fd: number, stored: StoredResponse, body: FileOfBody): Promise<void> {
  const { size, ctimeMs } = await gated<Stats>((done) => fstat(fd, done));
  if (size < stored.bodyBytes) throw new Error('it is shorter than it was');
  if (ctimeMs === body.checkedMs) return;
  const found = await readEntry(fd, size);
  if (found !== null && found.entry.key === stored.key && found.bodyBytes === stored.bodyBytes) {
    body.checkedMs = ctimeMs;
  } else if (body.renewals === 0) {
    throw new Error('it is not what was written');
  }
}
