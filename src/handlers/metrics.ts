// Raw numbers of the running server, as JSON. docs/operate/metrics.md describes every field; times are whole microseconds.

import type { AppMetrics } from '../observe/app-metrics.ts';
import type { Histogram } from '../observe/histogram.ts';
import type { ServerFacts } from '../upstreams/live-upstream.ts';
import type { CacheFacts } from './cache/shared-cache.ts';

interface WorkerState {
  readonly pid: number;
  readonly generation: number;
  /** Requests it has been given. */
  readonly given: number;
}

interface LaneState {
  readonly worker: WorkerState;
  readonly index: number;
  readonly isFed: boolean;
  readonly depth: number;
  readonly service: Histogram;
}

export interface MetricsSources {
  readonly lanes: readonly LaneState[];
  readonly apps: readonly AppSource[];
  readonly upstreams: readonly { readonly name: string; readonly servers: readonly ServerFacts[] }[];
  readonly caches: readonly CacheFacts[];
}

export interface AppSource {
  readonly name: string;
  readonly mount: string;
  readonly metrics: AppMetrics;
  readonly queued: number;
  /** 0: nothing waits. */
  readonly oldestWaitMs: number;
}

export function metricsText({ lanes, apps, upstreams, caches }: MetricsSources): string {
  const page = {
    queue: queuePart(
      apps.reduce((sum, { queued }) => sum + queued, 0),
      Math.max(0, ...apps.map(({ oldestWaitMs }) => oldestWaitMs)),
    ),
    workers: workersPart(lanes),
    apps: apps.map(appPart),
    upstreams,
    caches,
  };
  return `${JSON.stringify(page)}\n`;
}

function workersPart(lanes: readonly LaneState[]) {
  const lanesOf = new Map<WorkerState, LaneState[]>();
  for (const lane of lanes) {
    const known = lanesOf.get(lane.worker);
    if (known === undefined) lanesOf.set(lane.worker, [lane]);
    else known.push(lane);
  }
  return [...lanesOf].map(([{ pid, generation, given }, own]) => ({
    pid,
    generation,
    given,
    lanes: own.map(({ index, isFed, depth, service }) => ({
      index,
      isFed,
      depth,
      service: histogramPart(service),
    })),
  }));
}

function queuePart(length: number, oldestWaitMs: number) {
  return { length, oldestWaitUs: Math.round(oldestWaitMs * 1000) };
}

function appPart({ name, mount, metrics, queued, oldestWaitMs }: AppSource) {
  return {
    name,
    mount,
    waiting: queuePart(queued, oldestWaitMs),
    queue: histogramPart(metrics.queue),
    service: histogramPart(metrics.service),
    refused: {
      queueLimit: metrics.failures('queue-full'),
      queueTimeout: metrics.failures('queued-too-long'),
      stopping: metrics.failures('stopping'),
    },
    failed: {
      overdue: metrics.failures('overdue'),
      workerDied: metrics.failures('worker-died'),
      brokenOff: metrics.failures('broken-off'),
    },
    clientLeft: metrics.failures('client-left'),
  };
}

function histogramPart(histogram: Histogram) {
  const { count, sumUs, maxUs, buckets } = histogram.toJSON();
  return {
    count,
    sumUs,
    maxUs,
    p50Us: histogram.quantileUs(0.5),
    p90Us: histogram.quantileUs(0.9),
    p99Us: histogram.quantileUs(0.99),
    p999Us: histogram.quantileUs(0.999),
    buckets,
  };
}
