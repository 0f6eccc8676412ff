// Node makes no unix datagram sockets, which systemd listens on, and systemd believes the service's first process alone. So a
// Python process makes one, sends it here over Node's IPC channel (SCM_RIGHTS) and ends. Node does not know what to do with a descriptor of that
// kind, and leaves it open for as long as the channel is; it is found by its inode. What is then written to it comes from this process.
// tests/unit/arbiter/notify-socket.test.ts notices a change of Node's.

import { spawn } from 'node:child_process';
import { readdirSync, readlinkSync, writeSync } from 'node:fs';

/** For an interpreter to start on a busy machine. */
const OPEN_TIMEOUT_MS = 10_000;

type Answer = { readonly inode: number } | { readonly error: string };

export interface NotifySocket {
  /** One datagram, from this process. @throws the system's error */
  send(message: string): void;
}

/** @throws with the reason, for people */
export function openNotifySocket(address: string, python: string, script: string): Promise<NotifySocket> {
  return new Promise((resolve, reject) => {
    // Isolated: nothing of the application's is imported.
    const child = spawn(python, ['-I', '-S', script, address], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    const fail = (reason: string) => {
      clearTimeout(timer);
      child.kill('SIGKILL');
      reject(new Error(reason));
    };
    const timer = setTimeout(() => fail(`${python} does not open it`), OPEN_TIMEOUT_MS);
    child.once('error', ({ message }) => fail(message));
    child.once('disconnect', () => fail(`${python} has ended without opening it`));
    child.once('message', (answer: Answer) => {
      clearTimeout(timer);
      if ('error' in answer) return fail(answer.error);
      const fd = findSocket(answer.inode);
      if (fd === null) return fail('it did not arrive in this process');
      // The channel stays, and keeps this process from ending no more.
      child.channel?.unref();
      child.unref();
      resolve({ send: (message) => void writeSync(fd, message) });
    });
  });
}

function findSocket(inode: number): number | null {
  const target = `socket:[${inode}]`;
  const found = readdirSync('/proc/self/fd').find((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`) === target;
    } catch {
      return false; // closed meanwhile
    }
  });
  return found === undefined ? null : Number(found);
}
