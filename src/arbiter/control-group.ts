import { readFile } from 'node:fs/promises';
import { ancestors } from '../config/cores.ts';

/** Reads a file of /proc or /sys; null when it is not there. */
export type ReadText = (path: string) => Promise<string | null>;

export const readText: ReadText = async (path) => {
  try {
    return await readFile(path, 'latin1');
  } catch {
    return null;
  }
};

/**
 * Folders, each with a slash at its end, that may hold the limits of a process whose /proc/self/cgroup is `membership`: of its own
 * control group and of all above it, which count as well. Inside a container the paths are often not visible, and `/` is
 * the container's own group.
 */
export function groupFolders(membership: string, controller: string): { v2: string[]; v1: string[] } {
  const own = /^0::(\/.*)$/m.exec(membership)?.[1] ?? '/';
  const named = membership
    .split('\n')
    .map((line) => /^\d+:([^:]+):(\/.*)$/.exec(line))
    .find((match) => match?.[1]?.split(',').includes(controller));
  const mounts = named === null || named === undefined ? [] : [...new Set([named[1], controller])];
  return {
    v2: ancestors(own).map((path) => `/sys/fs/cgroup${path}`),
    v1: mounts.flatMap((mount) =>
      ancestors(named?.[2] ?? '/').map((path) => `/sys/fs/cgroup/${mount}${path}`),
    ),
  };
}
