import type { LoadReport } from '../protocol/supervision/edge.ts';
import type { LaneLoad } from './policy.ts';

/** Measures between two reports, from the first one on: where nobody asks, a request costs one comparison. */
export class LoadMeter {
  #isAsked = false;
  #waitedMs = 0;
  #peakBusyLanes = 0;

  /** One of these lanes, idle until now, is about to be given a request. */
  noteLaneWakes(lanes: readonly LaneLoad[]): void {
    // When all have been busy there is nothing more to learn.
    if (!this.#isAsked || this.#peakBusyLanes >= lanes.length) return;
    this.#peakBusyLanes = Math.max(this.#peakBusyLanes, countBusy(lanes) + 1);
  }

  /** A request has left the queue for a lane. */
  noteWait(waitedMs: number): void {
    if (this.#isAsked) this.#waitedMs = Math.max(this.#waitedMs, waitedMs);
  }

  /** `longestWaitMs`: of what waits still. */
  take(queued: number, longestWaitMs: number, lanes: readonly LaneLoad[]): LoadReport {
    this.noteWait(longestWaitMs);
    const busy = countBusy(lanes);
    const fed = lanes.reduce((count, { isFed }) => count + (isFed ? 1 : 0), 0);
    const report = {
      queued,
      waitedMs: Math.round(this.#waitedMs),
      peakBusyLanes: Math.min(fed, Math.max(busy, this.#peakBusyLanes)),
      lanes: fed,
    };
    this.#isAsked = true;
    this.#waitedMs = 0;
    this.#peakBusyLanes = busy;
    return report;
  }
}

function countBusy(lanes: readonly LaneLoad[]): number {
  let busy = 0;
  for (const { isFed, depth } of lanes) if (isFed && depth > 0) busy += 1;
  return busy;
}
