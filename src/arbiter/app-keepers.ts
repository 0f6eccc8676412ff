import { isDeepStrictEqual } from 'node:util';
import type { AppState } from '../protocol/supervision/edge.ts';
import { AppKeeper, type AppSurroundings } from './app-keeper.ts';
import type { AppPlan } from './app-plan.ts';
import type { AllGenerations } from './ending.ts';

/** All applications, in the order in which they came. */
export class AppKeepers implements AllGenerations {
  readonly #surroundings: AppSurroundings;
  readonly #keepers = new Map<string, AppKeeper>();

  /** Of the applications that are there from the start. */
  constructor(surroundings: AppSurroundings, plans: readonly AppPlan[]) {
    this.#surroundings = surroundings;
    for (const plan of plans) this.#add(plan, 'there');
  }

  get all(): Iterable<AppKeeper> {
    return this.#keepers.values();
  }

  /** For an edge that starts. */
  get states(): AppState[] {
    return [...this.#keepers.values()].map(({ state }) => state);
  }

  get(name: string): AppKeeper | undefined {
    return this.#keepers.get(name);
  }

  ofGeneration(number: number): AppKeeper | undefined {
    const generation = this.#surroundings.fleet.generations.get(number);
    return generation === undefined ? undefined : this.#keepers.get(generation.app.name);
  }

  ofWorker(pid: number): AppKeeper | undefined {
    const worker = this.#surroundings.fleet.workers.get(pid);
    return worker === undefined ? undefined : this.#keepers.get(worker.app.name);
  }

  /** A reload: what is not among the plans is to go, and what is new to come. */
  takePlans(plans: readonly AppPlan[]): void {
    const names = new Set(plans.map(({ name }) => name));
    for (const { app } of this.#keepers.values()) if (!names.has(app.name)) app.giveUp();
    for (const plan of plans) {
      const keeper = this.#keepers.get(plan.name);
      if (keeper === undefined) {
        this.#add(plan, 'awaited');
      } else {
        keeper.app.keep();
        // Another application's reload changes nothing about this one.
        if (keeper.app.isReloadDue || !isDeepStrictEqual(plan, keeper.newestPlan)) keeper.takePlan(plan);
      }
    }
  }

  #add(plan: AppPlan, standing: 'there' | 'awaited'): void {
    const { name, workers, serving } = plan;
    const app = this.#surroundings.fleet.appAdded(name, workers.min, serving.gracefulTimeoutMs, standing);
    this.#keepers.set(name, new AppKeeper(app, plan, this.#surroundings));
  }

  /** Nothing is left of it. */
  forget(name: string): void {
    const keeper = this.#keepers.get(name);
    if (keeper === undefined) return;
    this.#keepers.delete(name);
    keeper.close();
    this.#surroundings.fleet.appForgotten(keeper.app);
    this.#surroundings.tellEdge({ type: 'forget-app', app: name });
  }

  // --- what concerns them all -----------------------------------------------------------------------------

  get hasZygotes(): boolean {
    return this.#some(({ generations }) => generations.hasZygotes);
  }

  get hasOrphans(): boolean {
    return this.#some(({ generations }) => generations.hasOrphans);
  }

  /** Returns whether there is such a hook. */
  callPreExec(): boolean {
    return this.#some(({ generations }) => generations.hooks.callPreExec());
  }

  interrupt(): void {
    for (const { generations } of this.all) generations.hooks.interrupt();
  }

  hurry(graceMs: number): void {
    for (const { generations } of this.all) generations.hurry(graceMs);
  }

  killAll(): void {
    for (const { generations } of this.all) generations.killAll();
  }

  checkOrphans(nowMs: number): void {
    for (const { generations } of this.all) generations.checkOrphans(nowMs);
  }

  reopenLogs(): void {
    for (const { generations } of this.all) generations.reopenLogs();
  }

  noteListening(): void {
    for (const { generations } of this.all) generations.hooks.listening();
  }

  /** Tells the server hooks how many workers are wanted. */
  tellWorkers(): void {
    for (const { generations } of this.all) generations.hooks.tellWorkers();
  }

  step(change: 1 | -1): void {
    if (change > 0) this.#surroundings.fleet.wake();
    for (const keeper of this.all) keeper.step(change);
  }

  close(): void {
    for (const keeper of this.all) keeper.close();
  }

  #some(isIt: (keeper: AppKeeper) => boolean): boolean {
    return [...this.#keepers.values()].some(isIt);
  }
}
