import { readFileSync } from 'node:fs';

/**
 * A process that is not our child, known by pid and start time together, since the pid alone may be given to another
 * once it has ended. Workers become such when their zygote dies.
 */
export interface ForeignProcess {
  readonly pid: number;
  /** In clock ticks since boot, as /proc tells; null where there is no /proc. */
  readonly startTicks: string | null;
}

export function identify(pid: number): ForeignProcess {
  return { pid, startTicks: readStat(pid)?.startTicks ?? null };
}

export function isRunning({ pid, startTicks }: ForeignProcess): boolean {
  const stat = readStat(pid);
  return stat !== null && stat.startTicks === startTicks && stat.state !== 'Z';
}

export function killForeign(foreign: ForeignProcess): void {
  if (!isRunning(foreign)) return;
  try {
    process.kill(foreign.pid, 'SIGKILL');
  } catch {
    // ended meanwhile
  }
}

function readStat(pid: number): { state: string; startTicks: string } | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name in parentheses may hold anything; what follows it are fields 3 and on (proc(5)).
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return { state: fields[0] ?? '', startTicks: fields[19] ?? '' };
  } catch {
    return null;
  }
}
