// Which lane a request goes to: a pure function of how the lanes are loaded.
//
// A wake-up of another process costs 10 to 20 µs, more than a fast request takes. So fast requests are packed onto a lane
// that is awake already, as long as they wait there no longer than a wake-up would take to repay itself; then idle
// lanes are woken; and when all are busy, fast requests wait on a lane rather than in the queue, so that a worker
// finds its next request without asking. Whatever is not known to be fast gets a lane of its own; but when none is idle, one that
// typically takes a millisecond or two may be the successor of another such, so that the worker need not wait for the edge
// between them. While hardly any wait, the first lane that becomes free serves them sooner than one that is chosen ahead.
// Should a successor wait in vain, it is stolen.

/** Up to this much estimated work, a lane that is awake is preferred to an idle one. */
export const PACK_BUDGET_US = 150;
/** Up to this much estimated work is put on a lane when none is idle. */
export const PIPELINE_BUDGET_US = 4000;
/** Most requests on one lane, however fast. */
export const MAX_DEPTH = 64;
/** A lane that has been silent for longer than this gets no successor for what it runs, which may take longer still. */
export const SUCCESSOR_BUDGET_MS = 2;
/** There are successors while so many requests wait for each lane. */
export const SUCCESSORS_FROM = 0.5;

export interface LaneLoad {
  /** Whether the lane may be given requests at all. */
  readonly isFed: boolean;
  /** Requests given and not answered, including one whose `close()` still runs. */
  readonly depth: number;
  /** Whether everything on it is safe to repeat and has proved fast, so that another may be put behind. */
  readonly isOpen: boolean;
  /** Sum of the estimates of what is on it. */
  readonly loadUs: number;
  /** Whether what it runs may have a successor. */
  readonly takesSuccessor: boolean;
  /** When it was last heard of, or given its first request. */
  readonly activeSinceMs: number;
}

export interface RequestTraits {
  /** Safe method and proven fast: may be put behind others of its kind. */
  readonly canPipeline: boolean;
  /** Safe method, and typically short: may be put behind one other of its kind. */
  readonly canSucceed: boolean;
  readonly estimateUs: number;
}

/** No lane has room. */
export const NO_LANE = -1;
/** There is an idle lane, and it is left to others. */
export const RESERVED = -2;

/**
 * The index of the lane to use, or why there is none. `reserved`: so many idle lanes are left to others, but never all there are.
 * `waiting`: requests that wait for a lane.
 */
export function chooseLane(
  lanes: readonly LaneLoad[],
  request: RequestTraits,
  reserved: number,
  waiting: number,
  nowMs: number,
): number {
  let fedLanes = 0;
  let idleLanes = 0;
  let idle = -1;
  let packed = -1;
  let packedLoadUs = -1;
  let shortest = NO_LANE;
  let shortestLoadUs = PIPELINE_BUDGET_US;
  for (let index = 0; index < lanes.length; index += 1) {
    const lane = lanes[index] as LaneLoad;
    if (!lane.isFed) continue;
    fedLanes += 1;
    if (lane.depth === 0) {
      idleLanes += 1;
      if (idle < 0) idle = index;
    } else if (request.canPipeline && lane.isOpen && lane.depth < MAX_DEPTH) {
      const loadUs = lane.loadUs;
      if (loadUs + request.estimateUs <= PACK_BUDGET_US && loadUs > packedLoadUs) {
        packed = index;
        packedLoadUs = loadUs;
      } else if (loadUs < shortestLoadUs) {
        shortest = index;
        shortestLoadUs = loadUs;
      }
    }
  }
  if (packed >= 0) return packed;
  if (idleLanes === 0) {
    if (shortest !== NO_LANE || !request.canSucceed || waiting < SUCCESSORS_FROM * fedLanes) return shortest;
    return chooseToSucceed(lanes, nowMs);
  }
  if (idleLanes > Math.min(reserved, fedLanes - 1)) return idle;
  return shortest === NO_LANE ? RESERVED : shortest;
}

/** The lane that is likely to be done first. */
function chooseToSucceed(lanes: readonly LaneLoad[], nowMs: number): number {
  let first = NO_LANE;
  let firstSinceMs = Number.POSITIVE_INFINITY;
  for (let index = 0; index < lanes.length; index += 1) {
    const { isFed, takesSuccessor, activeSinceMs } = lanes[index] as LaneLoad;
    if (!isFed || !takesSuccessor || activeSinceMs >= firstSinceMs) continue;
    if (nowMs - activeSinceMs > SUCCESSOR_BUDGET_MS) continue;
    first = index;
    firstSinceMs = activeSinceMs;
  }
  return first;
}
