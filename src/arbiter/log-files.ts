import { closeSync, constants, fchownSync, lstatSync, openSync } from 'node:fs';
import { KirinError } from '../base/errors.ts';
import type { Owner, Plan } from './plan.ts';

const APPENDING = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT;

/**
 * Makes the log files where they are missing, and gives them to the account of edge and workers: they write to them, and open them
 * again after a rotation, perhaps in a folder where they may not make files.
 * @throws {KirinError} when that cannot be done
 */
export function giveLogFiles({ owner, edge }: Pick<Plan, 'owner' | 'edge'>): void {
  if (owner === null) return;
  for (const file of new Set([edge.errorLog, edge.accessLog])) {
    if (file === null || file === '-') continue;
    try {
      giveFile(file, owner);
    } catch (error) {
      const message = `the log ${file} cannot be given to user ${owner.uid}: ${(error as Error).message}`;
      throw new KirinError('log-unusable', message);
    }
  }
}

function giveFile(file: string, { uid, gid }: Owner): void {
  // Not through another account's link: who may write to the logs' folder could have any file given to himself. /dev/stdout is
  // a link of root's.
  const fd = openSync(file, isOwnLink(file) ? APPENDING : APPENDING | constants.O_NOFOLLOW);
  try {
    fchownSync(fd, uid, gid);
  } finally {
    closeSync(fd);
  }
}

function isOwnLink(file: string): boolean {
  const found = lstatSync(file, { throwIfNoEntry: false });
  return found?.isSymbolicLink() === true && found.uid === process.getuid?.();
}
