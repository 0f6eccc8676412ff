import type { Application } from './application.ts';
import type { Generation, Worker } from './children.ts';
import type { Fleet } from './fleet.ts';

/** A generation that boots for longer is mentioned in the log. */
export const SLOW_BOOT_MS = 60_000;

/** One thing that the arbiter is to do now. */
export type Duty =
  | { readonly do: 'start-edge' }
  /** Let it finish what it has accepted, and end. */
  | { readonly do: 'drain-edge' }
  | { readonly do: 'kill-edge' }
  /** For a reload: the configuration is read again. */
  | { readonly do: 'make-plan' }
  /** What the newest plan says of the edge comes into force. */
  | { readonly do: 'apply-front' }
  | { readonly do: 'start-generation'; readonly app: string }
  /** No request is routed to this application any more: let the edge say when all are answered. */
  | { readonly do: 'drain-app'; readonly app: string }
  /** They have had their time. */
  | { readonly do: 'end-app'; readonly app: string }
  /** Nothing is left of it. */
  | { readonly do: 'forget-app'; readonly app: string }
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
    duties.push(...keepEdge(fleet, isTime), ...preparePlan(fleet), ...applyFront(fleet));
    for (const app of fleet.apps) duties.push(...keepApp(fleet, app, isTime));
    for (const generation of fleet.generations.values()) {
      if (generation.phase === 'ending') duties.push(...endGeneration(fleet, generation));
    }
  }
  return { duties, wakeAtMs: Math.min(...alarms) };
}

/** Unless Kirin stands by there is an edge; then it leaves, and takes the workers with it. */
function keepEdge(
  { edge, isStandingBy, edgeFailures, edgeKillAtMs }: Fleet,
  isTime: (atMs: number) => boolean,
): Duty[] {
  switch (edge) {
    case 'down':
      return !isStandingBy && isTime(edgeFailures.notBeforeMs) ? [{ do: 'start-edge' }] : [];
    case 'leaving':
      return isTime(edgeKillAtMs) ? [{ do: 'kill-edge' }] : [];
    default:
      return isStandingBy ? [{ do: 'drain-edge' }] : [];
  }
}

/** A reload says which applications there are, and how many workers are wanted. Making a plan may take a while: a configuration file is a program. */
function preparePlan({ isReloadWanted, nextPlan }: Fleet): Duty[] {
  return isReloadWanted && nextPlan === 'not asked for' ? [{ do: 'make-plan' }] : [];
}

/** Requests are not routed to an application that has yet to boot; nothing else waits for one. */
function applyFront({ isFrontDue, apps }: Fleet): Duty[] {
  return isFrontDue && apps.every(({ isRoutable }) => isRoutable) ? [{ do: 'apply-front' }] : [];
}

function keepApp(fleet: Fleet, app: Application, isTime: (atMs: number) => boolean): Duty[] {
  if (app.standing === 'leaving') {
    return app.generations.length === 0 ? [{ do: 'forget-app', app: app.name }] : [];
  }
  const duties = app.standing === 'draining' ? drainApp(app, isTime) : [];
  // Nothing is begun that would end with an edge that is leaving.
  const isStandingBy = app.wanted === 0 || fleet.edge === 'leaving';
  return isStandingBy ? duties : [...duties, ...keepWorkers(fleet, app, isTime)];
}

function drainApp({ name, drainedByMs }: Application, isTime: (atMs: number) => boolean): Duty[] {
  if (drainedByMs === Number.POSITIVE_INFINITY) return [{ do: 'drain-app', app: name }];
  return isTime(drainedByMs) ? [{ do: 'end-app', app: name }] : [];
}

function keepWorkers(fleet: Fleet, app: Application, isTime: (atMs: number) => boolean): Duty[] {
  const duties = replaceGeneration(app, isTime);
  for (const generation of app.generations) {
    if (generation.phase !== 'ending') duties.push(...fork(fleet, generation, isTime));
  }
  const { active } = app;
  if (active !== undefined) {
    duties.push(...expire(fleet, active, isTime));
    duties.push(...recycle(fleet, active));
    duties.push(...retireSurplus(fleet, active));
  }
  duties.push(...activate(fleet, app), ...tellSlowBoot(fleet, app, isTime));
  return duties;
}

/** Starts a generation when a reload asks for one, or when there is none that could fork. */
function replaceGeneration(app: Application, isTime: (atMs: number) => boolean): Duty[] {
  const { name, active, candidate } = app;
  const canActiveFork = active !== undefined && active.zygote !== 'gone';
  if (candidate !== undefined) {
    // A reload waits for the one before it, unless that one is all there is and does not get on its feet.
    const isStuck = app.isReloadDue && !canActiveFork && app.bootFailures.failures > 0;
    return isStuck ? [{ do: 'abandon', generation: candidate.number }] : [];
  }
  if (app.isReloadDue) return [{ do: 'start-generation', app: name }];
  // What is being planned for it comes in place of another like the last.
  if (app.isReloadAsked) return [];
  if (canActiveFork || app.awaitsChange) return [];
  const notBeforeMs = Math.max(app.zygoteFailures.notBeforeMs, app.bootFailures.notBeforeMs);
  return isTime(notBeforeMs) ? [{ do: 'start-generation', app: name }] : [];
}

function fork(fleet: Fleet, generation: Generation, isTime: (atMs: number) => boolean): Duty[] {
  if (generation.zygote !== 'up') return [];
  const { wanted, bootFailures, youngDeaths } = generation.app;
  const have = fleet.workersOf(generation.number, 'booting', 'ready').length + generation.forking;
  const missing = wanted - have;
  if (missing <= 0) return [];
  // After a failure one worker tries, for all.
  const isTrying = bootFailures.failures > 0;
  if (isTrying && fleet.workersOf(generation.number, 'booting').length + generation.forking > 0) return [];
  if (!isTime(Math.max(bootFailures.notBeforeMs, youngDeaths.notBeforeMs))) return [];
  return Array.from({ length: isTrying ? 1 : missing }, () => ({
    do: 'fork',
    generation: generation.number,
  }));
}

/** A candidate takes over when it can carry what the active generation carries. */
function activate(fleet: Fleet, { active, candidate, wanted }: Application): Duty[] {
  if (candidate === undefined) return [];
  const serving = active === undefined ? 0 : fleet.workersOf(active.number, 'ready', 'leaving').length;
  const needed = Math.max(1, Math.min(serving, wanted));
  const ready = fleet.workersOf(candidate.number, 'ready').length;
  return ready >= needed ? [{ do: 'activate', generation: candidate.number }] : [];
}

/** A boot has no limit of time: it may be large. But nobody should have to guess why nothing happens. */
function tellSlowBoot(fleet: Fleet, { candidate }: Application, isTime: (atMs: number) => boolean): Duty[] {
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
function recycle(fleet: Fleet, { number, app, forking }: Generation): Duty[] {
  const ready = fleet.workersOf(number, 'ready');
  const spent = oldestFirst(ready.filter(({ isSpent }) => isSpent));
  const [next] = spent;
  const isBusy = forking > 0 || fleet.workersOf(number, 'booting', 'leaving', 'retired').length > 0;
  // A reload brings new workers anyway.
  if (next === undefined || isBusy || app.isReloading || ready.length !== app.wanted) return [];
  return [{ do: 'replace', pid: next.pid }];
}

/** Lets go those who are to leave and are replaced, and of those who are too many the spent and the oldest. */
function retireSurplus(fleet: Fleet, active: Generation): Duty[] {
  const ready = fleet.workersOf(active.number, 'ready');
  const leaving = fleet.workersOf(active.number, 'leaving');
  const { wanted } = active.app;
  const stillNeeded = Math.max(0, wanted - ready.length);
  return [
    ...leaving.slice(0, Math.max(0, leaving.length - stillNeeded)),
    ...spentFirst(ready).slice(0, Math.max(0, ready.length - wanted)),
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
