import { readdir } from 'node:fs/promises';
import { availableParallelism, type CpuInfo, cpus } from 'node:os';
import { performance } from 'node:perf_hooks';
import { groupFolders, type ReadText, readText } from './control-group.ts';

/** Of utime and stime in /proc/PID/stat: USER_HZ, which is 100 on every architecture that Node runs on. */
const TICKS_PER_SECOND = 100;

/** How processors were used between two measurements. */
export interface ProcessorUse {
  /** That this process may use. */
  readonly cores: number;
  readonly idleCores: number;
  /** What each process used, of those that were there both times. */
  readonly usedCores: ReadonlyMap<number, number>;
  /** The same, and what it would have used besides, had it not stood in line for a processor or run into a quota. */
  readonly neededCores: ReadonlyMap<number, number>;
}

export interface Probe {
  readonly read: ReadText;
  /** Names in a folder; none when it is not there. */
  readonly list: (path: string) => Promise<readonly string[]>;
  readonly cpus: () => readonly Pick<CpuInfo, 'times'>[];
  readonly schedulableCores: () => number;
  readonly nowMs: () => number;
}

const SYSTEM: Probe = {
  read: readText,
  list: (path) => readdir(path).catch(() => []),
  cpus,
  schedulableCores: availableParallelism,
  nowMs: () => performance.now(),
};

/** Seconds since it began. */
interface ProcessReading {
  readonly used: number;
  readonly stoodInLine: number;
}

interface GroupReading {
  readonly quotaCores: number;
  /** NaN where it cannot be read. */
  readonly usedSeconds: number;
}

interface Reading {
  readonly atMs: number;
  readonly processes: ReadonlyMap<number, ProcessReading>;
  readonly machine: { readonly busy: number; readonly idle: number };
  readonly groups: ReadonlyMap<string, GroupReading>;
}

/** Measures the use of processors from call to call: of the machine, of the control groups that have a quota, and of some processes. */
export class ProcessorMeter {
  readonly #probe: Probe;
  #before: Reading | null = null;

  constructor(probe: Probe = SYSTEM) {
    this.#probe = probe;
  }

  /** null the first time. */
  async measure(pids: readonly number[]): Promise<ProcessorUse | null> {
    const before = this.#before;
    const now = await this.#read(pids);
    this.#before = now;
    const elapsedS = before === null ? 0 : (now.atMs - before.atMs) / 1000;
    return before === null || elapsedS <= 0 ? null : this.#compare(before, now, elapsedS);
  }

  #compare(before: Reading, now: Reading, elapsedS: number): ProcessorUse {
    const usedCores = new Map<number, number>();
    const neededCores = new Map<number, number>();
    for (const [pid, { used, stoodInLine }] of now.processes) {
      const earlier = before.processes.get(pid);
      if (earlier === undefined) continue;
      const usedS = used - earlier.used;
      // A thread that has ended takes with it what it had stood.
      const stoodS = Math.max(0, stoodInLine - earlier.stoodInLine);
      usedCores.set(pid, usedS / elapsedS);
      neededCores.set(pid, (usedS + stoodS) / elapsedS);
    }
    let cores = this.#probe.schedulableCores();
    const idle = now.machine.idle - before.machine.idle;
    const all = idle + now.machine.busy - before.machine.busy;
    const idleByGroup: number[] = [];
    for (const [folder, { quotaCores, usedSeconds }] of now.groups) {
      cores = Math.min(cores, quotaCores);
      const idleCores =
        quotaCores - (usedSeconds - (before.groups.get(folder)?.usedSeconds ?? Number.NaN)) / elapsedS;
      if (!Number.isNaN(idleCores)) idleByGroup.push(idleCores);
    }
    const idleOfMachine = all > 0 ? (idle / all) * this.#probe.cpus().length : cores;
    // The processors that this process may run on are perhaps not the idle ones: it cannot have more than it leaves.
    const ownUse = [...usedCores.values()].reduce((sum, used) => sum + used, 0);
    const idleCores = Math.max(0, Math.min(idleOfMachine, cores - ownUse, ...idleByGroup));
    return { cores, idleCores, usedCores, neededCores };
  }

  async #stoodInLine(pid: number): Promise<number> {
    const { read, list } = this.#probe;
    let seconds = 0;
    for (const thread of await list(`/proc/${pid}/task`)) {
      seconds += parseLineSeconds((await read(`/proc/${pid}/task/${thread}/schedstat`)) ?? '');
    }
    return seconds;
  }

  async #read(pids: readonly number[]): Promise<Reading> {
    const { read, cpus, nowMs } = this.#probe;
    const processes = new Map<number, ProcessReading>();
    for (const pid of pids) {
      const used = parseProcessSeconds((await read(`/proc/${pid}/stat`)) ?? '');
      if (used !== null) processes.set(pid, { used, stoodInLine: await this.#stoodInLine(pid) });
    }
    const groups = await readGroups(read);
    let busy = 0;
    let idle = 0;
    for (const { times } of cpus()) {
      idle += times.idle;
      busy += times.user + times.nice + times.sys + times.irq;
    }
    return { atMs: nowMs(), processes, machine: { busy, idle }, groups };
  }
}

/** From /proc/PID/task/TID/schedstat: how long a thread that could run was not running; 0 where the kernel does not count that. */
function parseLineSeconds(schedstat: string): number {
  return Number(schedstat.split(' ')[1] ?? 0) / 1e9;
}

/** From /proc/PID/stat: user and system time, of all threads. */
export function parseProcessSeconds(stat: string): number | null {
  // The name in parentheses may hold anything; what follows it are fields 3 and on (proc(5)); 14 and 15 are the times.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = Number(fields[11]) + Number(fields[12]);
  return Number.isNaN(ticks) ? null : ticks / TICKS_PER_SECOND;
}

/** The control groups that have a quota. */
async function readGroups(read: ReadText): Promise<Reading['groups']> {
  const membership = (await read('/proc/self/cgroup')) ?? '';
  const { v2, v1 } = groupFolders(membership, 'cpu');
  const groups = new Map<string, GroupReading>();
  for (const folder of v2) {
    const [quota, period = '100000'] = ((await read(`${folder}cpu.max`)) ?? '').trim().split(/\s+/);
    if (!(Number(quota) > 0 && Number(period) > 0)) continue; // `max`
    const used = /^usage_usec (\d+)$/m.exec((await read(`${folder}cpu.stat`)) ?? '');
    const usedSeconds = Number(used?.[1] ?? Number.NaN) / 1e6;
    groups.set(folder, { quotaCores: Number(quota) / Number(period), usedSeconds });
  }
  for (const folder of v1) {
    const quota = Number((await read(`${folder}cpu.cfs_quota_us`)) ?? Number.NaN);
    const period = Number((await read(`${folder}cpu.cfs_period_us`)) ?? Number.NaN);
    if (!(quota > 0 && period > 0)) continue; // -1
    // cpuacct is mostly mounted together with cpu.
    const used =
      (await read(`${folder}cpuacct.usage`)) ??
      (await read(`${folder.replace('/cpu/', '/cpuacct/')}cpuacct.usage`));
    groups.set(folder, { quotaCores: quota / period, usedSeconds: Number(used ?? Number.NaN) / 1e9 });
  }
  return groups;
}
