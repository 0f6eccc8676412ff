// What is compared: kinds of load, each at several shares of what the servers can serve.

import type { ArrivalKind } from './arrivals.ts';
import { FAST_MS, MIXED_MEAN_MS, type MixName, SHORT_SLEEP_MS, SLOW_MS } from './mix.ts';
import type { Stream } from './turn.ts';

/** Which bar is held against a scenario; `docs/benchmarks.md` has them. */
export type Bar = 'told-by-route' | 'hidden' | 'goodput';

export interface Scenario {
  readonly name: string;
  readonly title: string;
  readonly bar: Bar;
  /** Shares of the capacity. */
  readonly loads: readonly number[];
  /** Mean time that a request takes (of `lanes`: a fast one), by which the capacity is computed; null: the capacity is measured, server by server. */
  readonly meanMs: number | null;
  readonly streams: (load: OfferedLoad) => readonly Stream[];
}

export interface OfferedLoad {
  readonly perSecond: number;
  readonly share: number;
  readonly connections: number;
  readonly arrivals: Exclude<ArrivalKind, 'bursts'>;
}

const USUAL_LOADS = [0.3, 0.6, 0.9];
export const OVERLOAD = 10;
/** An overloaded service has more clients than one that is not; it takes more of them than a queue holds to see it refuse. */
const OVERLOAD_CONNECTIONS = 4;
/** Of `lanes`, of every 64 connections. */
const SLOW_CONNECTIONS_OF_64 = 4;

export const SCENARIOS: readonly Scenario[] = [
  {
    name: 'route',
    title: '99 % take 1 ms, 1 % take 200 ms, told by their route',
    bar: 'told-by-route',
    loads: [...USUAL_LOADS, OVERLOAD],
    meanMs: MIXED_MEAN_MS,
    streams: (load) => [single('route', load)],
  },
  {
    name: 'hidden',
    title: '99 % take 1 ms, 1 % take 200 ms, all on one route',
    bar: 'hidden',
    loads: USUAL_LOADS,
    meanMs: MIXED_MEAN_MS,
    streams: (load) => [single('hidden', load)],
  },
  {
    name: 'bursts',
    title: 'the same, told by their route, in bursts of 50 at once',
    bar: 'told-by-route',
    loads: [0.6],
    meanMs: MIXED_MEAN_MS,
    streams: (load) => [{ ...single('route', load), arrivals: 'bursts' }],
  },
  {
    name: 'lanes',
    title: '4 of 64 connections send requests of 200 ms only, the others requests of 1 ms',
    bar: 'told-by-route',
    loads: USUAL_LOADS,
    meanMs: FAST_MS,
    streams: slowConnections,
  },
  {
    name: 'spin',
    title: 'half of the requests of 1 ms sleep, half spin on the processor; 1 % sleep for 200 ms',
    bar: 'told-by-route',
    loads: [0.3, 0.6],
    meanMs: MIXED_MEAN_MS,
    streams: (load) => [single('spin', load)],
  },
  {
    name: 'overload',
    title: 'all take 5 ms',
    bar: 'goodput',
    loads: [1, OVERLOAD],
    meanMs: SHORT_SLEEP_MS,
    streams: (load) => [overloaded('short-sleep', load)],
  },
  {
    name: 'overload-hello',
    title: 'requests without work, by the capacity that each server has shown',
    bar: 'goodput',
    loads: [1, OVERLOAD],
    meanMs: null,
    streams: (load) => [overloaded('hello', load)],
  },
];

/** Requests per second that this many requests at a time can serve. */
export function capacityOf(meanMs: number, lanes: number): number {
  return (lanes * 1000) / meanMs;
}

function single(mix: MixName, { perSecond, share, connections, arrivals }: OfferedLoad): Stream {
  return {
    mix,
    arrivals,
    perSecond,
    connections: share > 1 ? connections * OVERLOAD_CONNECTIONS : connections,
  };
}

/** With as many connections at its peak as past it, so that only the load differs. */
function overloaded(mix: MixName, load: OfferedLoad): Stream {
  return { ...single(mix, load), connections: load.connections * OVERLOAD_CONNECTIONS };
}

/** Each of the slow connections is busy for `share` of the time; the fast ones bring the load to what it is to be. */
function slowConnections({ perSecond, share, connections, arrivals }: OfferedLoad): readonly Stream[] {
  const slow = Math.max(1, Math.round((connections * SLOW_CONNECTIONS_OF_64) / 64));
  const slowPerSecond = (slow * share * 1000) / SLOW_MS;
  // `perSecond` is in fast requests.
  const fastPerSecond = perSecond - (slowPerSecond * SLOW_MS) / FAST_MS;
  if (fastPerSecond <= 0) throw new Error(`${slow} slow connections are more than the lanes can serve`);
  return [
    { mix: 'slow', arrivals, perSecond: slowPerSecond, connections: slow },
    { mix: 'fast', arrivals, perSecond: fastPerSecond, connections: connections - slow },
  ];
}
