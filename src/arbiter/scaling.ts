// How many workers there should be: a pure function from what was measured to a recommendation.
//
// One more when requests have waited for want of a lane, twice in a row, and another worker would have something to run on: processors
// are idle, or the workers hardly use them (they wait for databases and the like). An application that uses the processors up gains
// nothing from more workers. One less when all that ran at once for ten seconds would have fitted into one less, with room to
// spare. Growing is quick since clients wait; shrinking is slow since a worker that is needed again has to boot.

/** A wait that is worth a worker; shorter ones come from chance. */
export const NOTABLE_WAIT_MS = 10;
const GROWS_AFTER_SAMPLES = 2;
const SHRINKS_AFTER_SAMPLES = 10;
/** How full the lanes that stay may be after a worker has gone. */
const FULL_ENOUGH = 0.8;
/** Idle processors that are worth a worker: of one, and of all. */
const MIN_IDLE_CORES = 0.3;
const MIN_IDLE_SHARE = 0.05;
/** Workers that want less than this of the processors that they could use wait for something else, also while others keep these busy. */
const HARDLY_USED_SHARE = 0.25;
/** Memory that stays free after another worker has come, as a share of what is granted. */
const MIN_FREE_MEMORY_SHARE = 0.05;
/** Percentage of time in which some process waited for memory, over ten seconds; the kernel's PSI. */
const MAX_MEMORY_PRESSURE = 10;

/** What was measured over one second. */
export interface Sample {
  /** Longest wait for a lane. */
  readonly waitedMs: number;
  readonly peakBusyLanes: number;
  readonly lanes: number;
  /** All workers that are wanted serve, and no other is booting. */
  readonly isStaffed: boolean;
  /** Processors that Kirin may use. */
  readonly cores: number;
  readonly idleCores: number;
  /** Processors that the workers used, or stood in line for. */
  readonly workerCores: number;
  /** null where it is not known. */
  readonly memory: MemorySupply | null;
  /** What a worker takes; null where it is not known. */
  readonly workerBytes: number | null;
}

export interface MemorySupply {
  readonly availableBytes: number;
  readonly grantedBytes: number;
  /** PSI's `some avg10`; 0 where the kernel has none. */
  readonly pressure: number;
}

export interface Staffing {
  readonly wanted: number;
  readonly min: number;
  readonly max: number;
  /** Lanes of each worker. */
  readonly threads: number;
  /** Lanes that are kept free for some requests. */
  readonly reservedLanes: number;
}

export type Recommendation =
  | { readonly change: 1 | -1; readonly reason: string }
  /** `hindrance`: why there is not one more, although requests wait; null when none is needed. */
  | { readonly change: 0; readonly hindrance: Hindrance | null };

export interface Hindrance {
  readonly what: 'processors' | 'memory';
  readonly fact: string;
}

const STAY: Recommendation = { change: 0, hindrance: null };

/** `samples`: since the number of workers changed last, the newest last. */
export function recommend(samples: readonly Sample[], staffing: Staffing): Recommendation {
  const newest = samples.at(-1);
  if (newest === undefined || !newest.isStaffed) return STAY;
  const { wanted, min, max } = staffing;
  const lately = samples.slice(-GROWS_AFTER_SAMPLES);
  const lacksLanes = (sample: Sample) => sample.isStaffed && hasWaited(sample, staffing);
  if (wanted < max && lately.length === GROWS_AFTER_SAMPLES && lately.every(lacksLanes))
    return grow(lately, wanted);
  const longer = samples.slice(-SHRINKS_AFTER_SAMPLES);
  if (wanted > min && longer.length === SHRINKS_AFTER_SAMPLES) return shrink(longer, staffing);
  return STAY;
}

/**
 * For want of a lane: while more than one lane is free, besides those that are reserved, it was a limit on certain requests that kept them
 * waiting.
 */
function hasWaited({ waitedMs, peakBusyLanes, lanes }: Sample, { reservedLanes }: Staffing): boolean {
  return waitedMs >= NOTABLE_WAIT_MS && peakBusyLanes >= lanes - reservedLanes - 1;
}

function grow(samples: readonly Sample[], workers: number): Recommendation {
  const areProcessorsIdle = samples.every(
    ({ cores, idleCores }) => idleCores >= Math.max(MIN_IDLE_CORES, cores * MIN_IDLE_SHARE),
  );
  const areHardlyUsed = samples.every(
    ({ cores, workerCores }) => workerCores < HARDLY_USED_SHARE * Math.min(cores, workers),
  );
  if (!areProcessorsIdle && !areHardlyUsed) {
    return { change: 0, hindrance: { what: 'processors', fact: 'the processors are busy' } };
  }
  const lack = describeLackOfMemory(samples.at(-1) as Sample);
  if (lack !== null) return { change: 0, hindrance: { what: 'memory', fact: lack } };
  const fact = areProcessorsIdle ? 'processors are idle' : 'workers hardly use the processors';
  return { change: 1, reason: `requests wait while ${fact}` };
}

function describeLackOfMemory({ memory, workerBytes }: Sample): string | null {
  if (memory === null) return null;
  const { availableBytes, grantedBytes, pressure } = memory;
  if (pressure >= MAX_MEMORY_PRESSURE)
    return `processes wait for memory ${Math.round(pressure)} % of the time`;
  const needed = workerBytes ?? 0;
  if (availableBytes - needed >= grantedBytes * MIN_FREE_MEMORY_SHARE) return null;
  const available = `${megabytes(availableBytes)} of ${megabytes(grantedBytes)} are available`;
  return `memory is short: ${available}, and a worker takes ${megabytes(needed)}`;
}

function shrink(samples: readonly Sample[], staffing: Staffing): Recommendation {
  const { wanted, threads, reservedLanes } = staffing;
  const lanesLeft = (wanted - 1) * threads;
  // Where one request ran at a time there is nothing to spare for.
  const room = Math.max(1, Math.floor(lanesLeft * FULL_ENOUGH) - reservedLanes);
  const peak = Math.max(...samples.map(({ peakBusyLanes }) => peakBusyLanes));
  if (peak > room || samples.some((sample) => hasWaited(sample, staffing))) return STAY;
  return {
    change: -1,
    reason: `at most ${peak} of ${wanted * threads} lanes were busy for ${samples.length} s`,
  };
}

const megabytes = (bytes: number): string => `${Math.round(bytes / 2 ** 20)} MB`;
