const SIGNALS = [
  'SIGTERM',
  'SIGINT',
  'SIGQUIT',
  'SIGHUP',
  'SIGUSR1',
  'SIGUSR2',
  'SIGTTIN',
  'SIGTTOU',
  'SIGWINCH',
] as const;

export type ArbiterSignal = (typeof SIGNALS)[number];

const STOPS: readonly ArbiterSignal[] = ['SIGTERM', 'SIGINT', 'SIGQUIT'];

/** npm and npx send on what the terminal, or systemd, has sent to the whole group: it arrives twice, which does not mean twice. */
const ECHO_MS = 300;

/** Takes this process's signals from the first moment, and keeps them while there is no arbiter to hear of them. */
export class SignalInbox {
  readonly #stop = new AbortController();
  readonly #kept: ArbiterSignal[] = [];
  #deliver: ((name: ArbiterSignal) => void) | null = null;
  #lastStop: { readonly name: ArbiterSignal; readonly atMs: number } | null = null;

  constructor() {
    for (const name of SIGNALS) process.on(name, this.#take);
  }

  /** Aborted by the first signal that means to stop. */
  get stop(): AbortSignal {
    return this.#stop.signal;
  }

  deliverTo(deliver: (name: ArbiterSignal) => void): void {
    this.#deliver = deliver;
    for (const name of this.#kept.splice(0)) deliver(name);
  }

  keep(): void {
    this.#deliver = null;
  }

  close(): void {
    for (const name of SIGNALS) process.off(name, this.#take);
  }

  readonly #take = (name: ArbiterSignal): void => {
    if (STOPS.includes(name) && this.#isEcho(name, performance.now())) return;
    if (this.#deliver === null) this.#kept.push(name);
    else this.#deliver(name);
    if (STOPS.includes(name)) this.#stop.abort();
  };

  #isEcho(name: ArbiterSignal, nowMs: number): boolean {
    const last = this.#lastStop;
    this.#lastStop = { name, atMs: nowMs };
    return last !== null && last.name === name && nowMs - last.atMs < ECHO_MS;
  }
}
