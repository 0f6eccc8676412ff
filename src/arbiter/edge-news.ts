import type { EdgeToArbiter } from '../protocol/supervision/edge.ts';
import type { AppKeepers } from './app-keepers.ts';
import type { Fleet } from './fleet.ts';
import type { Log } from './log.ts';
import { seconds } from './units.ts';

export interface EdgeNewsOptions {
  readonly fleet: Fleet;
  readonly apps: AppKeepers;
  readonly log: Log;
  readonly edgePid: () => number | undefined;
}

/** What the edge says of applications and their workers. */
export class EdgeNews {
  readonly #options: EdgeNewsOptions;

  constructor(options: EdgeNewsOptions) {
    this.#options = options;
  }

  note(message: EdgeToArbiter, nowMs: number): void {
    const { fleet, apps, edgePid } = this.#options;
    switch (message.type) {
      case 'worker-ready':
        fleet.workerReady(message.pid);
        apps.ofGeneration(message.generation)?.tellReady();
        break;
      case 'worker-overdue':
        this.#logOf(message.pid).critical(
          `WORKER TIMEOUT (pid:${message.pid}): it has run ${message.request} for ${seconds(message.ageMs)}`,
        );
        // The edge feeds it no more: another is started at once.
        fleet.workerLeaving(message.pid);
        break;
      case 'worker-condemned':
        this.#logOf(message.pid).warning(
          `Worker (pid:${message.pid}) does not end what is past its deadline; what its threads are doing:`,
        );
        apps.ofWorker(message.pid)?.generations.dump(message.pid, nowMs);
        fleet.workerCondemned(message.pid, nowMs);
        break;
      case 'worker-spent':
        apps.ofWorker(message.pid)?.noteSpent(message.pid, `it has had ${message.requests} requests`);
        break;
      case 'worker-leaving':
        if (fleet.workerLeaving(message.pid) && fleet.stop === 'no') {
          const line = `Worker (pid:${message.pid}) is to be replaced: ${message.reason}`;
          this.#logOf(message.pid).info(line);
        }
        break;
      case 'load':
        apps.get(message.app)?.measure(message, edgePid());
        break;
      case 'app-drained':
        fleet.app(message.app)?.drained();
        break;
    }
  }

  /** With the name of its application, where there are several. */
  #logOf(pid: number): Log {
    return this.#options.apps.ofWorker(pid)?.log ?? this.#options.log;
  }
}
