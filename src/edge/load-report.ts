import type { LoadReport } from '../protocol/supervision/edge.ts';

const INTERVAL_MS = 1000;

/** Tells the arbiter once a second how busy the lanes were, while it wants to know. */
export class LoadReporter {
  readonly #take: () => LoadReport;
  readonly #send: (report: LoadReport) => void;
  #timer: NodeJS.Timeout | null = null;

  constructor(take: () => LoadReport, send: (report: LoadReport) => void) {
    this.#take = take;
    this.#send = send;
  }

  set isWanted(isWanted: boolean) {
    if (isWanted === (this.#timer !== null)) return;
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = isWanted ? setInterval(() => this.#send(this.#take()), INTERVAL_MS).unref() : null;
  }
}
