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
): Promise<Turn> {
  const wrkBefore = reapedChildrenCpuSeconds();
  const serverBefore = treeCpuSeconds(server.roots);
  const load = await runWrk(server, connections, seconds);
  const serverSeconds = treeCpuSeconds(server.roots) - serverBefore;
  const wrkSeconds = reapedChildrenCpuSeconds() - wrkBefore;
  return {
    ...load,
    requestsPerSecond: (load.requests * 1e6) / load.durationUs,
    cpuUsPerRequest: (serverSeconds * 1e6) / load.requests,
    wrkCpuUsPerRequest: (wrkSeconds * 1e6) / load.requests,
  };
}
