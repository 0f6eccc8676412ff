import type { Alarm, Clock } from './clock.ts';
import type { Job } from './job.ts';
import type { WorkerPeer } from './worker-peer.ts';

/** How long the exit report of a worker is waited for after its lane closed. */
const REPORT_WAIT_MS = 2000;
/** A request under which this many workers have ended is not tried again: it may well be the reason. */
const MOST_DEATHS = 2;

export interface GraveyardEvents {
  /** The worker ended while it ran this request, or may have: it must not be run again. */
  lost(worker: WorkerPeer, job: Job): void;
  /** The same, but nobody has seen anything of it, and running it again does no harm. */
  retried(worker: WorkerPeer, job: Job): void;
  /** What is to be run elsewhere; none, if the grave has only been emptied. */
  spared(jobs: readonly Job[]): void;
}

interface Grave {
  readonly worker: WorkerPeer;
  readonly jobs: Job[];
  readonly alarm: Alarm;
}

/**
 * Holds what a dead worker left unanswered until it is known what the worker was running. The zygote reads that from
 * memory it shares with the worker, so it is exact; lane's end and exit report may come in either order.
 */
export class Graveyard {
  readonly #clock: Clock;
  readonly #events: GraveyardEvents;
  readonly #graves = new Map<number, Grave>();
  readonly #reports = new Map<number, readonly number[]>();

  constructor(clock: Clock, events: GraveyardEvents) {
    this.#clock = clock;
    this.#events = events;
  }

  get size(): number {
    return this.#graves.size;
  }

  /** A lane has closed with these requests unanswered. */
  bury(worker: WorkerPeer, jobs: readonly Job[]): void {
    if (jobs.length === 0) return;
    const running = this.#reports.get(worker.pid);
    if (running !== undefined) {
      this.#judge(worker, jobs, running);
      return;
    }
    const grave = this.#graves.get(worker.pid);
    if (grave !== undefined) {
      grave.jobs.push(...jobs);
      return;
    }
    const alarm = this.#clock.after(REPORT_WAIT_MS, () => this.#open(worker.pid, null));
    this.#graves.set(worker.pid, { worker, jobs: [...jobs], alarm });
  }

  /** The worker's exit has been reported. */
  report(pid: number, running: readonly number[]): void {
    this.#open(pid, running);
    this.#reports.set(pid, running);
    this.#clock.after(REPORT_WAIT_MS, () => this.#reports.delete(pid));
  }

  /** Gives out everything, judged by nobody. */
  takeAll(): Job[] {
    const jobs: Job[] = [];
    for (const grave of this.#graves.values()) {
      grave.alarm.cancel();
      jobs.push(...grave.jobs);
    }
    this.#graves.clear();
    return jobs;
  }

  #open(pid: number, running: readonly number[] | null): void {
    const grave = this.#graves.get(pid);
    if (grave === undefined) return;
    this.#graves.delete(pid);
    grave.alarm.cancel();
    this.#judge(grave.worker, grave.jobs, running);
  }

  #judge(worker: WorkerPeer, jobs: readonly Job[], running: readonly number[] | null): void {
    const spared: Job[] = [];
    for (const job of jobs) {
      if (job.isOver) continue;
      if (mayHaveRun(job, running)) {
        job.deaths += 1;
        if (!job.isSafe || job.deaths >= MOST_DEATHS) {
          this.#events.lost(worker, job);
          continue;
        }
        // The one that was the reason would take the same others with it again.
        job.standAlone();
        this.#events.retried(worker, job);
      }
      spared.push(job);
    }
    this.#events.spared(spared);
  }
}

/** Of what stands before the running one on a lane the answer was not sent yet. Without a report anything may have run. */
function mayHaveRun(job: Job, running: readonly number[] | null): boolean {
  if (running === null) return true;
  const jobs = job.lane?.jobs ?? [];
  return jobs.indexOf(job) <= jobs.findIndex(({ id }) => running.includes(id));
}
