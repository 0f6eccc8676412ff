import { isDeepStrictEqual } from 'node:util';
import type { AppPlan } from './app-plan.ts';
import type { WatchEvents } from './watch/source-watch.ts';

type SourceWatch = import('./watch/source-watch.ts').SourceWatch;

/** --reload: tells of changes of the sources, as the plan in force says. What watches is loaded only when it is used. */
export class Reloader {
  readonly #events: WatchEvents;
  /** What is loaded, by whatever generation, and since when at the latest. */
  readonly #loaded = new Map<string, number>();
  #watched: AppPlan['watch'] = null;
  #watch: Promise<SourceWatch> | null = null;

  constructor(events: WatchEvents) {
    this.#events = events;
  }

  follow({ watch: options }: Pick<AppPlan, 'watch'>): void {
    if (isDeepStrictEqual(options, this.#watched)) return;
    this.close();
    this.#watched = options;
    if (options === null) return;
    this.#watch = import('./watch/source-watch.ts').then(
      ({ SourceWatch }) => new SourceWatch(options, this.#events),
    );
    for (const [file, sinceMs] of this.#loaded) this.#add([file], sinceMs);
  }

  /** A generation that began at `sinceMs` (of the clock of Date) has loaded these. */
  loaded(files: readonly string[], sinceMs: number): void {
    for (const file of files) this.#loaded.set(file, sinceMs);
    this.#add(files, sinceMs);
  }

  close(): void {
    void this.#watch?.then((watch) => watch.close());
    this.#watch = null;
  }

  #add(files: readonly string[], sinceMs: number): void {
    void this.#watch?.then((watch) => watch.add(files, sinceMs));
  }
}
