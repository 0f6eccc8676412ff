import type { Generation } from './children.ts';
import type { Fleet } from './fleet.ts';
import { inWords } from './units.ts';

/** What a service manager wants to know. */
export interface ServiceState {
  readonly phase: 'starting' | 'serving' | 'reloading' | 'stopping' | 'handing over';
  /** How often a reload was asked for: whoever asks waits for an answer of its own. */
  readonly reloads: number;
  /** One line, for people. */
  readonly status: string;
}

/** `before`: a generation that boots is a reload if somebody has asked for one, and nothing but a replacement if the one before has died. */
export function serviceState(
  fleet: Fleet,
  before: ServiceState['phase'],
  hasSuccessor: boolean,
): ServiceState {
  const { stop, hasServed, reloadsAsked: reloads } = fleet;
  if (stop !== 'no') {
    const phase = hasSuccessor ? 'handing over' : 'stopping';
    return {
      phase,
      reloads,
      status: stop === 'draining' ? 'Answering what was accepted' : 'Ending the workers',
    };
  }
  const candidates = fleet.apps.flatMap(({ candidate }) => candidate ?? []);
  if (!hasServed) {
    return {
      phase: 'starting',
      reloads,
      status: `Loading the application${fleet.apps.length > 1 ? 's' : ''}`,
    };
  }
  const isReloading = fleet.isReloading || (before === 'reloading' && candidates.length > 0);
  if (isReloading) return { phase: 'reloading', reloads, status: `Loading ${whatLoads(candidates)}` };
  return { phase: 'serving', reloads, status: servingStatus(fleet) };
}

function whatLoads(candidates: readonly Generation[]): string {
  if (candidates.length === 0) return 'the configuration';
  const numbers = inWords(candidates.map(({ number }) => String(number)));
  return `generation${candidates.length > 1 ? 's' : ''} ${numbers}`;
}

function servingStatus(fleet: Fleet): string {
  if (fleet.isStandingBy) return 'Standing by, without workers';
  const { apps } = fleet;
  const actives = apps.flatMap(({ active }) => active ?? []);
  if (actives.length === 0) return apps.length === 0 ? 'Serving' : 'Starting workers';
  const ready = actives.reduce((sum, { number }) => sum + fleet.workersOf(number, 'ready').length, 0);
  const wanted = apps.reduce((sum, app) => sum + app.wanted, 0);
  const where = apps.length > 1 ? `of ${apps.length} applications` : `generation ${actives[0]?.number}`;
  return `Serving with ${ready} of ${wanted} workers, ${where}`;
}

/** What sd_notify(3) wants to be told, each in a message of its own. `monotonicUs`: by the clock of that name. */
export function notifications(before: ServiceState | null, now: ServiceState, monotonicUs: bigint): string[] {
  const messages: string[] = [];
  const isPhaseNew = before?.phase !== now.phase;
  const isReloadNew = before !== null && before.reloads !== now.reloads;
  const status = `STATUS=${now.status}`;
  if (now.phase === 'stopping') return isPhaseNew ? [`STOPPING=1\n${status}`] : statusIfNew(before, now);
  if (isReloadNew || (isPhaseNew && now.phase === 'reloading')) {
    messages.push(`RELOADING=1\nMONOTONIC_USEC=${monotonicUs}\n${status}`);
  }
  if (now.phase === 'serving' && (isPhaseNew || isReloadNew)) messages.push(`READY=1\n${status}`);
  return messages.length > 0 ? messages : statusIfNew(before, now);
}

function statusIfNew(before: ServiceState | null, { status }: ServiceState): string[] {
  return before?.status === status ? [] : [`STATUS=${status}`];
}
