// One server's turn: load, and what it cost.

import { type Load, runWrk } from './load.ts';
import { reapedChildrenCpuSeconds, treeCpuSeconds } from './processes.ts';
import type { RunningServer } from './running-server.ts';

export interface Turn extends Load {
  readonly requestsPerSecond: number;
  /** Over all processes of the server. */
  readonly cpuUsPerRequest: number;
  readonly wrkCpuUsPerRequest: number;
}

export async function takeTurn(server: RunningServer, connections: number, seconds: number): Promise<Turn> {
  const wrkBefore = reapedChildrenCpuSeconds();
  const serverBefore = treeCpuSeconds(server.roots);
  const load = await runWrk(server.app, server.port, connections, seconds);
  const serverSeconds = treeCpuSeconds(server.roots) - serverBefore;
  const wrkSeconds = reapedChildrenCpuSeconds() - wrkBefore;
  return {
    ...load,
    requestsPerSecond: (load.requests * 1e6) / load.durationUs,
    cpuUsPerRequest: (serverSeconds * 1e6) / load.requests,
    wrkCpuUsPerRequest: (wrkSeconds * 1e6) / load.requests,
  };
}
