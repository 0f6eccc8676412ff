import { setTimeout as pause } from 'node:timers/promises';
import type { KirinProcess } from '../kirin.ts';
import { signalIfAlive } from '../processes.ts';
import type { Random } from '../random.ts';

export interface Disaster {
  readonly atMs: number;
  readonly text: string;
}

const MOST_WORKERS = 5;

/** What happens to a kirin, one thing after another, until it is stopped. */
export class Disasters {
  /** What has happened so far. */
  readonly list: Disaster[] = [];
  /** Every process that was sent a signal that ends it. */
  readonly killed = new Set<number>();
  readonly #kirin: KirinProcess;
  readonly #random: Random;
  readonly #askForDeadlyRequest: () => void;
  #added = 0;

  constructor(kirin: KirinProcess, random: Random, askForDeadlyRequest: () => void) {
    this.#kirin = kirin;
    this.#random = random;
    this.#askForDeadlyRequest = askForDeadlyRequest;
  }

  async runUntil(endMs: number): Promise<void> {
    while (performance.now() < endMs) {
      this.#strike();
      await pause(this.#random.between(20, 800));
    }
  }

  #strike(): void {
    const what = this.#random.weighted({
      'a deadly request': 50,
      'a worker killed': 20,
      'a worker crashed': 8,
      'a worker told to leave': 6,
      'all workers killed': 2,
      'the zygote killed': 3,
      'a reload': 6,
      'a worker more': 5,
      'a worker less': 5,
    });
    switch (what) {
      case 'a deadly request':
        this.#note(what);
        this.#askForDeadlyRequest();
        break;
      case 'a worker killed':
        this.#signalWorker('SIGKILL');
        break;
      case 'a worker crashed':
        this.#signalWorker('SIGSEGV');
        break;
      case 'a worker told to leave':
        this.#signalWorker('SIGTERM');
        break;
      case 'all workers killed':
        this.#signalAll(this.#kirin.workerPids(), 'SIGKILL');
        break;
      case 'the zygote killed':
        this.#signalAll(this.#zygotePids(), 'SIGKILL');
        break;
      case 'a reload':
        this.#signalKirin('SIGHUP');
        this.#added = 0;
        break;
      case 'a worker more':
        if (this.#added + 2 < MOST_WORKERS) this.#change(1);
        break;
      case 'a worker less':
        if (this.#added > -1) this.#change(-1);
        break;
    }
  }

  #change(by: 1 | -1): void {
    this.#added += by;
    this.#signalKirin(by > 0 ? 'SIGTTIN' : 'SIGTTOU');
  }

  #zygotePids(): number[] {
    const processes = this.#kirin.processes();
    return processes
      .filter(
        ({ parentPid, command }) => parentPid === this.#kirin.pid && /python|kirin: zygote/.test(command),
      )
      .map(({ pid }) => pid);
  }

  #signalWorker(signal: NodeJS.Signals): void {
    const pids = this.#kirin.workerPids();
    if (pids.length > 0) this.#signalAll([this.#random.of(pids)], signal);
  }

  #signalAll(pids: readonly number[], signal: NodeJS.Signals): void {
    for (const pid of pids) {
      if (signal !== 'SIGTERM') this.killed.add(pid);
      this.#note(`${signal} to ${pid}`);
      signalIfAlive(pid, signal);
    }
  }

  #signalKirin(signal: NodeJS.Signals): void {
    this.#note(`${signal} to kirin`);
    this.#kirin.signal(signal);
  }

  #note(text: string): void {
    this.list.push({ atMs: performance.now(), text });
  }
}
