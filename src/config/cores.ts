import type { Machine } from './machine.ts';

/**
 * Cores that this process may really use: what the scheduler lets it run on, or less when a cgroup caps its time. A container
 * with `--cpus=2` on a machine of 64 sees 64 otherwise.
 */
export function grantedCores(machine: Machine): number {
  const quotas = cgroupQuotas(machine);
  return Math.max(1, Math.min(machine.schedulableCores(), ...quotas.map(Math.ceil)));
}

/** Quotas, in cores, of the process's own cgroup and of every ancestor: the least of them counts. */
function cgroupQuotas(machine: Machine): number[] {
  const membership = machine.readFile('/proc/self/cgroup') ?? '';
  return [...v2Quotas(membership, machine), ...v1Quotas(membership, machine)];
}

function v2Quotas(membership: string, machine: Machine): number[] {
  const own = /^0::(\/.*)$/m.exec(membership)?.[1] ?? '/';
  return ancestors(own).flatMap((path) => parseCpuMax(machine.readFile(`/sys/fs/cgroup${path}cpu.max`)));
}

/** `cpu.max` of cgroup v2: `QUOTA PERIOD` in microseconds, or `max PERIOD`. */
function parseCpuMax(content: string | null): number[] {
  const [quota, period = '100000'] = (content ?? '').trim().split(/\s+/);
  return positiveRatio(Number(quota), Number(period));
}

function v1Quotas(membership: string, machine: Machine): number[] {
  const own = /^\d+:(?:[^:]*,)?cpu(?:,[^:]*)?:(\/.*)$/m.exec(membership)?.[1];
  if (own === undefined) return [];
  // In a container the mount shows the container's own group as its root, so the path from /proc is often absent: try both.
  return ['/sys/fs/cgroup/cpu', '/sys/fs/cgroup/cpu,cpuacct'].flatMap((mount) =>
    ancestors(own).flatMap((path) => {
      const read = (name: string) => Number(machine.readFile(`${mount}${path}${name}`) ?? Number.NaN);
      return positiveRatio(read('cpu.cfs_quota_us'), read('cpu.cfs_period_us'));
    }),
  );
}

const positiveRatio = (quota: number, period: number): number[] =>
  quota > 0 && period > 0 ? [quota / period] : [];

/** `/a/b` → `/a/b/`, `/a/`, `/`. */
export function ancestors(path: string): string[] {
  const names = path.split('/').filter((name) => name !== '' && name !== '..');
  return Array.from({ length: names.length + 1 }, (_, depth) => {
    const kept = names.slice(0, names.length - depth);
    return kept.length === 0 ? '/' : `/${kept.join('/')}/`;
  });
}
