// Drafts have their writer in their names, so that whoever looks at a folder after a crash can tell which of them nobody will ever finish. A process id
// means nothing alone: it is given again, and to others in another container or after another boot. So it stands with the time when the process began,
// and with what tells where it was.

import { createHash } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';

export interface DraftOwner {
  readonly pid: number;
  /** In the system's ticks since its boot. */
  readonly started: string;
  /** The boot and the namespace of process ids. */
  readonly place: string;
}

const OWNER = /\.(\d{1,10})-(\d{1,20})-([0-9a-f]{16})$/;

export function ownerOf(draft: string): DraftOwner | null {
  const [, pid, started, place] = OWNER.exec(draft) ?? [];
  if (pid === undefined || started === undefined || place === undefined) return null;
  return { pid: Number(pid), started, place };
}

/** @param name of the response's file */
export function draftName(name: string, owner: DraftOwner | null): string {
  return owner === null ? name : `${name}.${owner.pid}-${owner.started}-${owner.place}`;
}

/** When the process began of which this is /proc/PID/stat (proc_pid_stat(5)); null: it is over, and only its parent does not know yet. */
export function startedOf(stat: string): string | null {
  // The program's name, in parentheses, may hold anything.
  const [state, ...rest] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const started = rest[18] ?? '';
  return state === 'Z' || state === 'X' || !/^\d+$/.test(started) ? null : started;
}

/** Null: the system does not tell. */
function findSelf(): DraftOwner | null {
  try {
    const stat = readFileSync('/proc/self/stat', 'latin1');
    const started = startedOf(stat);
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1');
    const place = createHash('sha256')
      .update(`${boot}${readlinkSync('/proc/self/ns/pid')}`)
      .digest('hex');
    return started === null ? null : { pid: Number.parseInt(stat, 10), started, place: place.slice(0, 16) };
  } catch {
    return null;
  }
}

let self: DraftOwner | null | undefined;

/** This process. */
export function ownSelf(): DraftOwner | null {
  if (self === undefined) self = findSelf();
  return self;
}
