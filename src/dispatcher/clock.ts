/** Time as the dispatcher sees it, in milliseconds; the simulator has one of its own. */
export interface Clock {
  now(): number;
  after(delayMs: number, callback: () => void): Alarm;
  /** Calls back at the end of this turn of the event loop. */
  afterTurn(callback: () => void): void;
}

export interface Alarm {
  cancel(): void;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  after(delayMs, callback) {
    const timer = setTimeout(callback, delayMs);
    return { cancel: () => clearTimeout(timer) };
  },
  afterTurn: (callback) => {
    setImmediate(callback);
  },
};
