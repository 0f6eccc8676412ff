import type { ExitStatus } from '../protocol/supervision/edge.ts';

/** From the pair that Node reports, of which one is null. */
export function exitStatus(code: number | null, signal: string | null): ExitStatus {
  return signal === null ? { code: code ?? 0 } : { signal };
}

export function describeExit(status: ExitStatus): string {
  return 'signal' in status ? `was ended by ${status.signal}` : `exited with code ${status.code}`;
}

/** What is known about a worker's end besides its status. */
export interface ExitFacts {
  /** Who sent the signal, if Kirin did: why; null when Kirin did not. */
  readonly sentBecause: string | null;
  /** How many more processes the kernel has killed for want of memory than when last looked; null when not known. */
  readonly newOomKills: number | null;
  readonly ageMs: number;
  readonly wasReady: boolean;
  /** How many requests it was running. */
  readonly running: number;
}

/** One sentence of facts; nothing in it is a guess. */
export function describeWorkerExit(pid: number, status: ExitStatus, facts: ExitFacts): string {
  const parts = [`Worker (pid:${pid}) ${describeExit(status)}`];
  if ('signal' in status) {
    parts.push(
      facts.sentBecause === null ? 'not sent by Kirin' : `sent by Kirin because ${facts.sentBecause}`,
    );
    if (status.signal === 'SIGKILL' && facts.sentBecause === null) parts.push(describeOom(facts.newOomKills));
  }
  const ageS = (facts.ageMs / 1000).toFixed(1);
  parts.push(facts.wasReady ? `after ${ageS} s` : `after ${ageS} s, before it was ready`);
  if (facts.running > 0)
    parts.push(`running ${facts.running} ${facts.running === 1 ? 'request' : 'requests'}`);
  return parts.join(', ');
}

function describeOom(newOomKills: number | null): string {
  if (newOomKills === null) return "the cgroup's out-of-memory counter cannot be read";
  if (newOomKills === 0) return "the cgroup's out-of-memory counter did not move";
  return `the cgroup's out-of-memory counter rose by ${newOomKills}`;
}
