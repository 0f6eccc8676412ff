/** What the service manager gave this process: it is restarted when it has not been heard of for so long; null: no such limit. */
export function watchdogLimitMs(
  { WATCHDOG_USEC, WATCHDOG_PID }: NodeJS.ProcessEnv,
  isOurs: (pid: string) => boolean,
): number | null {
  if (!/^[1-9]\d*$/.test(WATCHDOG_USEC ?? '')) return null;
  if (WATCHDOG_PID !== undefined && !isOurs(WATCHDOG_PID)) return null;
  return Number(WATCHDOG_USEC) / 1000;
}

export interface WatchdogOptions {
  readonly limitMs: number;
  /** Whether there should be an edge. Without one this process's own timer is the sign of life. */
  readonly needsEdge: () => boolean;
  /** Asks the edge for `id` back. */
  readonly ping: (id: number) => void;
  readonly tellAlive: () => void;
}

/** Tells the service manager twice in its limit that Kirin is alive: when the edge has answered. A hung edge, or arbiter, keeps silent. */
export class Watchdog {
  readonly #options: WatchdogOptions;
  readonly #timer: NodeJS.Timeout;
  #lastPing = 0;

  constructor(options: WatchdogOptions) {
    this.#options = options;
    this.#timer = setInterval(() => this.#ask(), options.limitMs / 2);
  }

  /** The edge has answered. An answer to an earlier question comes too late to tell how it is now. */
  answered(id: number): void {
    if (id === this.#lastPing) this.#options.tellAlive();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #ask(): void {
    const { needsEdge, ping, tellAlive } = this.#options;
    if (needsEdge()) ping(++this.#lastPing);
    else tellAlive();
  }
}
