import { Histogram } from './histogram.ts';

/** What became of the requests for one application. Cumulative since the edge began. */
export class AppMetrics {
  /** From the whole request's arrival until it was given the lane that answered it. */
  readonly queue = new Histogram();
  /** How long workers took, by their own measure. */
  readonly service = new Histogram();
  readonly #failures = new Map<string, number>();

  /** A request was answered by the application; -1 for what is not known of it. */
  record(queuedUs: number, serviceUs: number): void {
    if (queuedUs >= 0) this.queue.record(queuedUs);
    if (serviceUs >= 0) this.service.record(serviceUs);
  }

  /** A request got no response of the application. */
  countFailure(reason: string): void {
    this.#failures.set(reason, (this.#failures.get(reason) ?? 0) + 1);
  }

  failures(reason: string): number {
    return this.#failures.get(reason) ?? 0;
  }
}
