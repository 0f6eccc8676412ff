import type { Fleet } from './fleet.ts';

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
  const { stop, hasServed, isReloadWanted, candidate, active, reloadsAsked: reloads } = fleet;
  if (stop !== 'no') {
    const phase = hasSuccessor ? 'handing over' : 'stopping';
    return {
      phase,
      reloads,
      status: stop === 'draining' ? 'Answering what was accepted' : 'Ending the workers',
    };
  }
  if (!hasServed) return { phase: 'starting', reloads, status: 'Loading the application' };
  const isReloading = isReloadWanted || (before === 'reloading' && candidate !== undefined);
  if (isReloading) {
    const what = candidate === undefined ? 'the configuration' : `generation ${candidate.number}`;
    return { phase: 'reloading', reloads, status: `Loading ${what}` };
  }
  return { phase: 'serving', reloads, status: servingStatus(fleet, active?.number) };
}

function servingStatus(fleet: Fleet, generation: number | undefined): string {
  if (fleet.wanted === 0) return 'Standing by, without workers';
  if (generation === undefined) return 'Starting workers';
  const ready = fleet.workersOf(generation, 'ready').length;
  return `Serving with ${ready} of ${fleet.wanted} workers, generation ${generation}`;
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
