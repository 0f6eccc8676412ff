import type { Settings } from '../config/settings.ts';
import type { BootSpec } from '../protocol/supervision/zygote.ts';

/** Greenlets that a worker has from the start; each is a connection to the edge. More come when requests wait. */
const FIRST_GREENLETS = 16;

/** As in Gunicorn, threads make `sync` a `gthread`. */
export function workerClassOf({ worker_class, threads }: Settings): BootSpec['workerClass'] {
  return worker_class === 'sync' && threads > 1 ? 'gthread' : worker_class;
}

export function lanesOf(settings: Settings): Pick<BootSpec, 'threads' | 'maxLanes'> {
  const { worker_connections, threads } = settings;
  if (workerClassOf(settings) !== 'gevent') return { threads, maxLanes: threads };
  return { threads: Math.min(FIRST_GREENLETS, worker_connections), maxLanes: worker_connections };
}
