import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A new empty folder that every user may pass through, so that workers of another user reach what is in it. */
export function makeTemporaryFolder(): string {
  // Short, because a unix socket's path may have no more than 107 bytes.
  const folder = mkdtempSync(join(tmpdir(), 'kt-'));
  chmodSync(folder, 0o755);
  return folder;
}

export function removeFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
}

/** Paths, relative to the folder, of the files, sockets and folders in it, at any depth. */
export function listFolder(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort();
}

export function isSocket(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isSocket() ?? false;
}
