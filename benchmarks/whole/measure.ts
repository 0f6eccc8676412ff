// One server's turn: load, and what it cost.

import { type Load, runWrk, type Target } from './load.ts';
import { reapedChildrenCpuSeconds, treeCpuSeconds } from './processes.ts';

export interface Turn extends Load {
  readonly requestsPerSecond: number;
  /** Over all processes of the server. */
  readonly cpuUsPerRequest: number;
  readonly wrkCpuUsPerRequest: number;
}

/** @param server what to ask it for, and the processes whose time is counted with that of their descendants */
export async function takeTurn(
  server: Target & { readonly roots: readonly number[] },
  connections: number,
  seconds: number,
  load: (target: Target, connections: number, seconds: number) => Promise<Load> = runWrk,
): Promise<Turn> {
  const wrkBefore = reapedChildrenCpuSeconds();
  const serverBefore = treeCpuSeconds(server.roots);
  const measured = await load(server, connections, seconds);
  const serverSeconds = treeCpuSeconds(server.roots) - serverBefore;
  const wrkSeconds = reapedChildrenCpuSeconds() - wrkBefore;
  return {
    ...measured,
    requestsPerSecond: (measured.requests * 1e6) / measured.durationUs,
    cpuUsPerRequest: (serverSeconds * 1e6) / measured.requests,
    wrkCpuUsPerRequest: (wrkSeconds * 1e6) / measured.requests,
  };
}
