// CPU time and memory of process trees, read from /proc.

import { readdirSync, readFileSync } from 'node:fs';

export interface ProcessStat {
  readonly pid: number;
  readonly parentPid: number;
  /** Clock ticks in user and kernel mode, of the process and of its children that were reaped. */
  readonly cpuTicks: number;
}

/** USER_HZ: what /proc/PID/stat counts in. It is 100 in every Linux ABI that Node runs on. */
const TICKS_PER_SECOND = 100;

/** One /proc/PID/stat. The name in parentheses may itself hold spaces and parentheses. */
export function parseStat(text: string): ProcessStat {
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  // proc(5): field 3 (state) is the first after the name; 4 is the parent, 14 to 17 utime, stime, cutime, cstime.
  const field = (number: number) => Number(fields[number - 3]);
  return {
    pid: Number.parseInt(text, 10),
    parentPid: field(4),
    cpuTicks: field(14) + field(15) + field(16) + field(17),
  };
}

/** The roots and all their descendants. */
export function treeOf(roots: readonly number[], stats: readonly ProcessStat[]): readonly ProcessStat[] {
  const members = new Set(roots);
  for (let size = -1; size !== members.size; ) {
    size = members.size;
    for (const { pid, parentPid } of stats) if (members.has(parentPid)) members.add(pid);
  }
  return stats.filter(({ pid }) => members.has(pid));
}

/** Kilobytes of a smaps_rollup that are this process's share. */
export function parsePssKilobytes(smapsRollup: string): number {
  return Number(/^Pss:\s+(\d+) kB$/m.exec(smapsRollup)?.[1] ?? 0);
}

export function liveTree(roots: readonly number[]): readonly ProcessStat[] {
  const stats: ProcessStat[] = [];
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const text = readIfThere(`/proc/${name}/stat`);
    if (text !== null) stats.push(parseStat(text));
  }
  return treeOf(roots, stats);
}

/** A process that ends between two calls is counted by its parent, which reaps it. */
export function treeCpuSeconds(roots: readonly number[]): number {
  return liveTree(roots).reduce((sum, { cpuTicks }) => sum + cpuTicks, 0) / TICKS_PER_SECOND;
}

export function treePssMegabytes(roots: readonly number[]): number {
  const kilobytes = liveTree(roots).map(({ pid }) =>
    parsePssKilobytes(readIfThere(`/proc/${pid}/smaps_rollup`) ?? ''),
  );
  return kilobytes.reduce((sum, each) => sum + each, 0) / 1024;
}

/** CPU seconds of this process's children that have ended: of wrk, when read before and after a run of it. */
export function reapedChildrenCpuSeconds(): number {
  const text = readFileSync('/proc/self/stat', 'utf8');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[13]) + Number(fields[14])) / TICKS_PER_SECOND;
}

function readIfThere(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}
