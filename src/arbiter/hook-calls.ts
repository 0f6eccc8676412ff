import type { ArbiterToZygote, HookFile, HookSpec } from '../protocol/supervision/zygote.ts';
import type { Application } from './application.ts';
import type { Generation } from './children.ts';
import type { Fleet } from './fleet.ts';
import type { Listener } from './listeners.ts';

/** What hooks are told of the whole Kirin. */
export interface Around {
  readonly listeners: readonly Listener[];
  /** Of the Kirin that this one is to replace; 0: there is none. */
  readonly predecessorPid: number;
}

/**
 * Server hooks run in the zygotes and their workers; here is what only the arbiter knows: whether a generation is the start
 * or a reload, when the sockets listen, how many workers are wanted, which stop is a quick one, which zygote is the last.
 */
export class HookCalls {
  readonly #app: Application;
  readonly #fleet: Fleet;
  readonly #send: (generation: number, message: ArbiterToZygote) => void;
  /** The hooks of each generation that has any. */
  readonly #specs = new Map<number, HookSpec>();
  /** Those that are to run when_ready, and have not been told to. */
  readonly #awaitingListening = new Set<number>();
  /** What nworkers_changed was told last. */
  #toldWorkers: number | null = null;
  #forked = 0;
  #hasListened = false;
  #isReloadDue = false;

  constructor(app: Application, fleet: Fleet, send: (generation: number, message: ArbiterToZygote) => void) {
    this.#app = app;
    this.#fleet = fleet;
    this.#send = send;
  }

  /** Before the next generation is noted in the fleet. */
  start(file: HookFile | null, { listeners, predecessorPid }: Around): HookSpec | null {
    if (file === null) return null;
    const { wanted } = this.#app;
    // A zygote that was lost has taken with it what on_starting and when_ready had made.
    const isReload = this.#servedAndAlive.length > 0;
    return {
      ...file,
      arbiterPid: process.pid,
      predecessorPid,
      isReload,
      workers: wanted,
      workerAge: this.#forked,
      workersBefore: isReload ? this.#toldWorkers : null,
      listeners: listeners.map(({ url, spec }) =>
        spec.kind === 'unix'
          ? { url, path: spec.path, host: '', port: 0 }
          : { url, path: null, host: spec.host, port: spec.port },
      ),
    };
  }

  started(generation: number, spec: HookSpec | null): void {
    this.#toldWorkers = this.#app.wanted;
    this.#isReloadDue = false;
    if (spec === null) return;
    this.#specs.set(generation, spec);
    this.#releaseStaying();
    if (spec.isReload || !spec.names.includes('when_ready')) return;
    this.#awaitingListening.add(generation);
    if (this.#hasListened) this.#callWhenReady();
  }

  /** Those that have stayed because none followed. */
  #releaseStaying(): void {
    for (const { number, phase, zygote } of this.#servedAndAlive) {
      if (phase !== 'ending' || (zygote !== 'quitting' && zygote !== 'staying')) continue;
      this.#send(number, {
        type: 'quit',
        graceMs: this.#app.gracefulMs,
        stay: 'for threads',
        runsOnExit: false,
      });
    }
  }

  forked(): void {
    this.#forked += 1;
  }

  listening(): void {
    this.#hasListened = true;
    this.#callWhenReady();
  }

  #callWhenReady(): void {
    for (const generation of this.#awaitingListening) {
      this.#send(generation, { type: 'hook', name: 'when_ready' });
    }
    this.#awaitingListening.clear();
  }

  /** Returns whether there is one; the zygote answers `hook-done`. */
  callPreExec(): boolean {
    const { active } = this.#app;
    if (active?.zygote !== 'up' || !this.#specs.get(active.number)?.names.includes('pre_exec')) return false;
    this.#send(active.number, { type: 'hook', name: 'pre_exec' });
    return true;
  }

  /** A reload has changed how many are wanted: its own zygote tells that to the hook. */
  planMade(): void {
    this.#isReloadDue = true;
  }

  /** In the generation that is to stay. */
  tellWorkers(): void {
    const { active, candidate, wanted } = this.#app;
    if (wanted === this.#toldWorkers || this.#isReloadDue) return;
    const { number } = candidate ?? active ?? {};
    if (number === undefined || !this.#specs.has(number)) return;
    this.#toldWorkers = wanted;
    this.#send(number, { type: 'workers', count: wanted });
  }

  /** A quick stop: what Gunicorn's workers get as QUIT. */
  interrupt(): void {
    for (const [generation, { names }] of this.#specs) {
      if (names.includes('worker_int')) this.#send(generation, { type: 'interrupt' });
    }
  }

  /** What a zygote is told when it is to end. */
  quit(generation: number): { stay: 'no' | 'for threads' | 'yes'; runsOnExit: boolean } {
    const { stop, generations } = this.#fleet;
    const { wanted } = this.#app;
    if (!this.#specs.has(generation)) return { stay: 'no', runsOnExit: false };
    if (stop !== 'no') return { stay: 'no', runsOnExit: generation === this.#last?.number };
    if (!generations.get(generation)?.hasServed) return { stay: 'no', runsOnExit: false };
    // No worker is wanted (WINCH): it goes on standing in for Gunicorn's arbiter, which goes on, too.
    const isStandingBy = wanted === 0 && generation === this.#last?.number;
    return { stay: isStandingBy ? 'yes' : 'for threads', runsOnExit: false };
  }

  /** Who stands in for Gunicorn's arbiter: of those that live the newest that has served, or the one that is to. */
  get #last(): Generation | undefined {
    return this.#servedAndAlive.at(-1) ?? this.#app.candidate;
  }

  get #servedAndAlive(): Generation[] {
    return this.#app.generations.filter(({ hasServed, zygote }) => hasServed && zygote !== 'gone');
  }

  forget(generation: number): void {
    this.#specs.delete(generation);
    this.#awaitingListening.delete(generation);
  }
}
