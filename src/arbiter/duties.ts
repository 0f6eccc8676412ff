import type { Fleet, Generation, Worker } from './fleet.ts';

/** A generation that boots for longer is mentioned in the log. */
export const SLOW_BOOT_MS = 60_000;

/** One thing that the arbiter is to do now. */
export type Duty =
  | { readonly do: 'start-edge' }
  /** Let it finish what it has accepted, and end. */
  | { readonly do: 'drain-edge' }
  | { readonly do: 'kill-edge' }
  | { readonly do: 'start-generation' }
  /** For a reload: the configuration is read again. */
  | { readonly do: 'make-plan' }
  /** Stop counting on this generation: it is replaced before it ever served. */
  | { readonly do: 'abandon'; readonly generation: number }
  | { readonly do: 'fork'; readonly generation: number }
  | { readonly do: 'activate'; readonly generation: number }
  /** Say that this generation is still booting. */
  | { readonly do: 'tell-slow-boot'; readonly generation: number }
  /** The worker has reached its age. */
  | { readonly do: 'expire'; readonly pid: number }
  /** The turn of a worker that is over a limit has come. */
  | { readonly do: 'replace'; readonly pid: number }
  | { readonly do: 'retire'; readonly pid: number }
  | { readonly do: 'kill'; readonly pid: number; readonly reason: string }
  | { readonly do: 'quit-zygote'; readonly generation: number }
  | { readonly do: 'forget-generation'; readonly generation: number };

/** What is due, and when to ask again although nothing has happened. */
export interface Agenda {
  readonly duties: readonly Duty[];
  /** Infinity: only an event can bring new duties. */
  readonly wakeAtMs: number;
}

/**
 * Decides everything that keeps the right children alive. Pure: the arbiter carries the duties out, tells the fleet, and
 * asks again until there are none.
 */
export function agenda(fleet: Fleet, nowMs: number): Agenda {
  const duties: Duty[] = [];
  const alarms: number[] = [];
  /** Whether that time has come; if not, it is a time to wake at. */
  const isTime = (atMs: number): boolean => {
    if (atMs <= nowMs) return true;
    alarms.push(atMs);
    return false;
  };

  for (const worker of fleet.workers.values()) {
    if (worker.killAtMs === null || worker.isKilled || !isTime(worker.killAtMs)) continue;
    duties.push({ do: 'kill', pid: worker.pid, reason: worker.killReason });
  }

  if (fleet.stop === 'quitting') duties.push(...quitAll(fleet));
  if (fleet.stop === 'no') {
    duties.push(...keepEdge(fleet, isTime));
    // Nothing is begun that would end with an edge that is leaving.
    const isStandingBy = fleet.wanted === 0 || fleet.edge === 'leaving';
    duties.push(...(isStandingBy ? preparePlan(fleet) : keepWorkers(fleet, isTime)));
    for (const generation of fleet.generations.values()) {
      if (generation.phase === 'ending') duties.push(...endGeneration(fleet, generation));
    }
  }
  return { duties, wakeAtMs: Math.min(...alarms) };
}

/** With workers wanted there is an edge; with none it leaves, and takes the workers with it. */
function keepEdge(
  { edge, wanted, edgeFailures, edgeKillAtMs }: Fleet,
  isTime: (atMs: number) => boolean,
): Duty[] {
  switch (edge) {
    case 'down':
      return wanted > 0 && isTime(edgeFailures.notBeforeMs) ? [{ do: 'start-edge' }] : [];
    case 'leaving':
      return isTime(edgeKillAtMs) ? [{ do: 'kill-edge' }] : [];
    default:
      return wanted === 0 ? [{ do: 'drain-edge' }] : [];
  }
}

function keepWorkers(fleet: Fleet, isTime: (atMs: number) => boolean): Duty[] {
  const duties = replaceGeneration(fleet, isTime);
  for (const generation of fleet.generations.values()) {
    if (generation.phase !== 'ending') duties.push(...fork(fleet, generation, isTime));
  }
  if (fleet.active !== undefined) {
    duties.push(...expire(fleet, fleet.active, isTime));
    duties.push(...recycle(fleet, fleet.active));
    duties.push(...retireSurplus(fleet, fleet.active));
  }
  duties.push(...activate(fleet), ...tellSlowBoot(fleet, isTime));
  return duties;
}

/** A reload says how many workers are wanted. */
function preparePlan({ isReloadWanted, nextPlan }: Fleet): Duty[] {
  return isReloadWanted && nextPlan === 'not asked for' ? [{ do: 'make-plan' }] : [];
}

/** Starts a generation when a reload asks for one, or when there is none that could fork. */
function replaceGeneration(fleet: Fleet, isTime: (atMs: number) => boolean): Duty[] {
  const { active, candidate } = fleet;
  const canActiveFork = active !== undefined && active.zygote !== 'gone';
  if (candidate !== undefined) {
    // A reload waits for the one before it, unless that one is all there is and does not get on its feet.
    const isStuck = fleet.isReloadWanted && !canActiveFork && fleet.bootFailures.failures > 0;
    return isStuck ? [{ do: 'abandon', generation: candidate.number }] : [];
  }
  if (fleet.isReloadWanted) return reload(fleet);
  if (canActiveFork || fleet.awaitsChange) return [];
  const notBeforeMs = Math.max(fleet.zygoteFailures.notBeforeMs, fleet.bootFailures.notBeforeMs);
  return isTime(notBeforeMs) ? [{ do: 'start-generation' }] : [];
}

/** With a new plan; making one may take a while, for a configuration file is a program. */
function reload({ nextPlan }: Fleet): Duty[] {
  if (nextPlan === 'there') return [{ do: 'start-generation' }];
  return nextPlan === 'not asked for' ? [{ do: 'make-plan' }] : [];
}

function fork(fleet: Fleet, generation: Generation, isTime: (atMs: number) => boolean): Duty[] {
  if (generation.zygote !== 'up') return [];
  const have = fleet.workersOf(generation.number, 'booting', 'ready').length + generation.forking;
  const missing = fleet.wanted - have;
  if (missing <= 0) return [];
  // After a failure one worker tries, for all.
  const isTrying = fleet.bootFailures.failures > 0;
  if (isTrying && fleet.workersOf(generation.number, 'booting').length + generation.forking > 0) return [];
  if (!isTime(Math.max(fleet.bootFailures.notBeforeMs, fleet.youngDeaths.notBeforeMs))) return [];
  return Array.from({ length: isTrying ? 1 : missing }, () => ({
    do: 'fork',
    generation: generation.number,
  }));
}

/** A candidate takes over when it can carry what the active generation carries. */
function activate(fleet: Fleet): Duty[] {
  const { active, candidate } = fleet;
  if (candidate === undefined) return [];
  const serving = active === undefined ? 0 : fleet.workersOf(active.number, 'ready', 'leaving').length;
  const needed = Math.max(1, Math.min(serving, fleet.wanted));
  const ready = fleet.workersOf(candidate.number, 'ready').length;
  return ready >= needed ? [{ do: 'activate', generation: candidate.number }] : [];
}

/** A boot has no limit of time: it may be large. But nobody should have to guess why nothing happens. */
function tellSlowBoot(fleet: Fleet, isTime: (atMs: number) => boolean): Duty[] {
  const { candidate } = fleet;
  if (candidate === undefined || candidate.isSlowTold) return [];
  const { number, zygote, startedMs } = candidate;
  // Between two attempts nothing is being loaded.
  const isLoading = zygote === 'starting' || fleet.workersOf(number, 'booting').length > 0;
  if (!isLoading || !isTime(startedMs + SLOW_BOOT_MS)) return [];
  return [{ do: 'tell-slow-boot', generation: number }];
}

function expire(fleet: Fleet, { number }: Generation, isTime: (atMs: number) => boolean): Duty[] {
  return fleet
    .workersOf(number, 'ready')
    .filter(({ isSpent, expiresAtMs }) => !isSpent && isTime(expiresAtMs))
    .map(({ pid }) => ({ do: 'expire', pid }));
}

/**
 * Workers over a limit are replaced one after another: the next when the one before is gone and all that are wanted serve. Nothing
 * that cannot wait (a death, a worker that asked to leave) waits for this.
 */
function recycle(fleet: Fleet, { number, forking }: Generation): Duty[] {
  const ready = fleet.workersOf(number, 'ready');
  const spent = oldestFirst(ready.filter(({ isSpent }) => isSpent));
  const [next] = spent;
  const isBusy = forking > 0 || fleet.workersOf(number, 'booting', 'leaving', 'retired').length > 0;
  // A reload brings new workers anyway.
  const isReloading = fleet.isReloadWanted || fleet.candidate !== undefined;
  if (next === undefined || isBusy || isReloading || ready.length !== fleet.wanted) return [];
  return [{ do: 'replace', pid: next.pid }];
}

/** Lets go those who are to leave and are replaced, and of those who are too many the spent and the oldest. */
function retireSurplus(fleet: Fleet, active: Generation): Duty[] {
  const ready = fleet.workersOf(active.number, 'ready');
  const leaving = fleet.workersOf(active.number, 'leaving');
  const stillNeeded = Math.max(0, fleet.wanted - ready.length);
  return [
    ...leaving.slice(0, Math.max(0, leaving.length - stillNeeded)),
    ...spentFirst(ready).slice(0, Math.max(0, ready.length - fleet.wanted)),
  ].map(({ pid }) => ({ do: 'retire', pid }));
}

function oldestFirst(workers: Worker[]): Worker[] {
  return workers.sort((a, b) => a.bornMs - b.bornMs);
}

function spentFirst(workers: Worker[]): Worker[] {
  return oldestFirst(workers).sort((a, b) => Number(b.isSpent) - Number(a.isSpent));
}

function endGeneration(fleet: Fleet, { number, zygote }: Generation): Duty[] {
  const serving = fleet.workersOf(number, 'ready', 'leaving');
  if (serving.length > 0) return serving.map(({ pid }) => ({ do: 'retire', pid }));
  if (fleet.workersOf(number, 'retired').length > 0) return [];
  // Those that are still booting have nothing to finish; the zygote ends them.
  if (zygote === 'starting' || zygote === 'up') return [{ do: 'quit-zygote', generation: number }];
  return zygote === 'gone' ? [{ do: 'forget-generation', generation: number }] : [];
}

function quitAll(fleet: Fleet): Duty[] {
  const duties: Duty[] = [];
  for (const { number, zygote } of fleet.generations.values()) {
    if (zygote === 'starting' || zygote === 'up' || zygote === 'staying') {
      duties.push({ do: 'quit-zygote', generation: number });
    }
  }
  return duties;
}
