import { readFileSync } from 'node:fs';

/** The `oom_kill` count of a cgroup's memory.events (v2) or memory.oom_control (v1); null when it is not there. */
export function parseOomKills(text: string): number | null {
  const match = /^oom_kill (\d+)$/m.exec(text);
  return match === null ? null : Number(match[1]);
}

/**
 * The files that may hold the counter for a process whose /proc/self/cgroup is `cgroup`, most exact first. Inside a
 * container the path named there is often not visible, and the mount's root is the container's own group.
 */
export function oomCounterFiles(cgroup: string): string[] {
  const files: string[] = [];
  for (const line of cgroup.split('\n')) {
    const match = /^(\d+):([^:]*):(.*)$/.exec(line);
    if (match === null) continue;
    const [, , controllers = '', path = ''] = match;
    if (controllers === '') {
      files.push(`/sys/fs/cgroup${path === '/' ? '' : path}/memory.events`, '/sys/fs/cgroup/memory.events');
    } else if (controllers.split(',').includes('memory')) {
      const mount = '/sys/fs/cgroup/memory';
      files.push(`${mount}${path === '/' ? '' : path}/memory.oom_control`, `${mount}/memory.oom_control`);
    }
  }
  return files;
}

/** How often the kernel has killed a process of our cgroup for want of memory; null where that cannot be known. */
export function readOomKills(): number | null {
  for (const file of oomCounterFiles(readText('/proc/self/cgroup') ?? '')) {
    const count = parseOomKills(readText(file) ?? '');
    if (count !== null) return count;
  }
  return null;
}

function readText(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null; // no such cgroup version here
  }
}
