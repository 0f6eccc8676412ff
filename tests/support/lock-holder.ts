import { spawn } from 'node:child_process';
import { once } from 'node:events';

const MODULE = new URL('../../src/acme/folder-lock.js', import.meta.url).href;
const PROGRAM = `
import { takeFolderLock } from ${JSON.stringify(MODULE)};
console.log(await takeFolderLock(process.argv[1]));
setInterval(() => {}, 60_000);
`;

export interface LockHolder {
  readonly hasIt: boolean;
  /** At once, and waits for its end. */
  kill(): Promise<void>;
}

/** A process that takes the lock of a folder, if it can, and lives on. */
export async function spawnLockHolder(folder: string): Promise<LockHolder> {
  const child = spawn(process.execPath, ['--input-type=module', '-e', PROGRAM, folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  const [text] = (await once(child.stdout.setEncoding('utf8'), 'data')) as [string];
  return {
    hasIt: text.trim() === 'true',
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}
