import type { Alarm, Clock } from '../../../../src/dispatcher/clock.ts';

interface Event {
  readonly atMs: number;
  /** Events of one moment happen in the order in which they were planned. */
  readonly order: number;
  callback: (() => void) | null;
}

const isBefore = (one: Event, other: Event) =>
  one.atMs < other.atMs || (one.atMs === other.atMs && one.order < other.order);

/** Time that passes only from event to event. Each event is one turn of the event loop. */
export class VirtualClock implements Clock {
  #nowMs = 0;
  #planned = 0;
  /** A binary heap. */
  readonly #events: Event[] = [];
  #afterTurn: (() => void)[] = [];

  now(): number {
    return this.#nowMs;
  }

  after(delayMs: number, callback: () => void): Alarm {
    const event: Event = { atMs: this.#nowMs + delayMs, order: this.#planned++, callback };
    this.#push(event);
    return {
      cancel: () => {
        event.callback = null;
      },
    };
  }

  afterTurn(callback: () => void): void {
    this.#afterTurn.push(callback);
  }

  /** Runs the next event; false: there is none. */
  step(): boolean {
    const event = this.#pop();
    if (event === undefined) return false;
    this.#nowMs = event.atMs;
    event.callback?.();
    while (this.#afterTurn.length > 0) {
      for (const callback of this.#afterTurn.splice(0)) callback();
    }
    return true;
  }

  #push(event: Event): void {
    const events = this.#events;
    let at = events.length;
    events.push(event);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(event, events[parent] as Event)) break;
      events[at] = events[parent] as Event;
      at = parent;
    }
    events[at] = event;
  }

  #pop(): Event | undefined {
    const events = this.#events;
    const first = events[0];
    const last = events.pop();
    if (first === undefined || last === undefined || events.length === 0) return first;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= events.length) break;
      if (child + 1 < events.length && isBefore(events[child + 1] as Event, events[child] as Event))
        child += 1;
      if (!isBefore(events[child] as Event, last)) break;
      events[at] = events[child] as Event;
      at = child;
    }
    events[at] = last;
    return first;
  }
}
