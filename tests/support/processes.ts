import { readdirSync, readFileSync } from 'node:fs';

export interface ProcessFacts {
  readonly pid: number;
  readonly parentPid: number;
  /** One letter of proc(5): R, S, D, Z … */
  readonly state: string;
  readonly command: string;
}

/** Every living process that has `NAME=value` in its environment (zombies have none left). */
export function findByEnvironment(name: string, value: string): ProcessFacts[] {
  const wanted = `${name}=${value}`;
  return allProcesses().filter(({ pid }) => readProc(pid, 'environ').split('\0').includes(wanted));
}

/** The process's living descendants. */
export function descendantsOf(rootPid: number): ProcessFacts[] {
  const all = allProcesses().filter(({ state }) => state !== 'Z');
  const found: ProcessFacts[] = [];
  const pids = new Set([rootPid]);
  for (let grown = true; grown; ) {
    grown = false;
    for (const facts of all) {
      if (pids.has(facts.parentPid) && !pids.has(facts.pid)) {
        pids.add(facts.pid);
        found.push(facts);
        grown = true;
      }
    }
  }
  return found;
}

export function isAlive(pid: number): boolean {
  const facts = readFacts(pid);
  return facts !== null && facts.state !== 'Z';
}

/** The proportional set size of one process: its private pages, and its share of the shared ones. */
export function pssBytes(pid: number): number {
  const line = /^Pss:\s+(\d+) kB$/m.exec(readProc(pid, 'smaps_rollup'));
  return Number(line?.[1] ?? 0) * 1024;
}

/** The effective user id of a process, or null when it is gone. */
export function userIdOf(pid: number): number | null {
  const line = /^Uid:\s+\d+\s+(\d+)/m.exec(readProc(pid, 'status'));
  return line ? Number(line[1]) : null;
}

/** Sends the signal, unless the process is gone. */
export function signalIfAlive(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

export function describeProcesses(processes: readonly ProcessFacts[]): string {
  return processes
    .map(({ pid, parentPid, state, command }) => `  ${pid} (child of ${parentPid}, ${state}) ${command}`)
    .join('\n');
}

function allProcesses(): ProcessFacts[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => readFacts(Number(name)))
    .filter((facts) => facts !== null);
}

function readFacts(pid: number): ProcessFacts | null {
  const stat = readProc(pid, 'stat');
  // The name stands in parentheses and may hold any byte, so the fields are counted from the last one.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state, parentPid] = fields;
  if (state === undefined || parentPid === undefined) return null;
  const command = readProc(pid, 'cmdline').replaceAll('\0', ' ').trim();
  return { pid, parentPid: Number(parentPid), state, command };
}

/** The text of a file in /proc/PID; '' when the process is gone. */
function readProc(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'latin1');
  } catch {
    return '';
  }
}
