import type { HealthCheckSpec } from '../../protocol/supervision/upstream.ts';
import type { Check } from './ask.ts';
import { Verdict } from './verdict.ts';

/** A tenth more or less, so that checks of many servers, and of several Kirins, do not fall together. */
const JITTER = 0.1;

export interface HealthListener {
  /** `why`: what the last check has found. */
  sick(why: string): void;
  well(): void;
}

/** Asks one server again and again how it is. */
export class WatchedServer {
  readonly #spec: HealthCheckSpec;
  readonly #ask: () => Check;
  readonly #listener: HealthListener;
  readonly #verdict: Verdict;
  #running: Check | null = null;
  #timer: NodeJS.Timeout | null = null;
  #isStopped = false;

  /** @param isSick as it is thought to be so far */
  constructor(spec: HealthCheckSpec, isSick: boolean, ask: () => Check, listener: HealthListener) {
    this.#spec = spec;
    this.#ask = ask;
    this.#listener = listener;
    this.#verdict = new Verdict(spec, !isSick);
    void this.#check();
  }

  stop(): void {
    this.#isStopped = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#running?.cancel();
  }

  async #check(): Promise<void> {
    const startedMs = performance.now();
    this.#running = this.#ask();
    const finding = await this.#running.finding;
    this.#running = null;
    if (this.#isStopped) return;
    const change = this.#verdict.take(finding === null);
    if (change === 'sick') this.#listener.sick(finding ?? '');
    if (change === 'well') this.#listener.well();
    const everyMs = this.#spec.everyMs * (1 + JITTER * (2 * Math.random() - 1));
    const passedMs = performance.now() - startedMs;
    this.#timer = setTimeout(() => void this.#check(), Math.max(0, everyMs - passedMs));
    this.#timer.unref();
  }
}
