import type { Handler } from '../handlers/exchange.ts';
import type { AppConfig, AppState, ArbiterToEdge } from '../protocol/supervision/edge.ts';
import type { LoadFailure } from '../protocol/supervision/load-failure.ts';
import { type AppOwner, AppService } from './app-service.ts';
import type { LanePurpose } from './lane-server.ts';

/** All applications that this edge has to do with, also those that are on their way here or away. */
export class AppServices {
  readonly #owner: AppOwner;
  readonly #services = new Map<string, AppService>();
  /** Whose workers a generation's are. */
  readonly #generations = new Map<number, AppService>();

  constructor(states: readonly AppState[], owner: AppOwner) {
    this.#owner = owner;
    for (const { config, isRouted, generations, activeGeneration, loadFailure } of states) {
      const service = this.#make(config, loadFailure);
      service.isRouted = isRouted;
      for (const generation of generations) this.#generations.set(generation, service);
      service.dispatcher.activate(activeGeneration);
    }
  }

  get all(): Iterable<AppService> {
    return this.#services.values();
  }

  /** null: it is not there (any more). */
  handler(name: string): Handler | null {
    return this.#services.get(name)?.handler ?? null;
  }

  purposeOf(generation: number): LanePurpose | undefined {
    return this.#generations.get(generation)?.purpose;
  }

  /** Requests that wait for a lane, of all of them. */
  get queued(): number {
    let queued = 0;
    for (const { dispatcher } of this.all) queued += dispatcher.queued;
    return queued;
  }

  get whyNotReady(): string | null {
    for (const { isRouted, whyNotReady } of this.all) {
      if (isRouted && whyNotReady !== null) return whyNotReady;
    }
    return null;
  }

  handle(message: ArbiterToEdge): void {
    switch (message.type) {
      case 'generation-started':
        this.#generations.set(
          message.generation,
          this.#services.get(message.app.name) ?? this.#make(message.app),
        );
        break;
      case 'generation-over':
        this.#generations.delete(message.generation);
        break;
      case 'activate':
        this.#services.get(message.app.name)?.activate(message.generation, message.app);
        break;
      case 'load-failed':
        this.#services.get(message.app)?.noteLoadFailure(message.failure);
        break;
      case 'drain-app':
        void this.#drain(message.app);
        break;
      case 'forget-app':
        this.#services.get(message.app)?.close();
        this.#services.delete(message.app);
        break;
      case 'retire':
        this.#services.get(message.app)?.dispatcher.retire(message.pid);
        break;
      case 'worker-exited':
        this.#services.get(message.app)?.dispatcher.exited(message.pid, message.running);
        break;
    }
  }

  #make(config: AppConfig, loadFailure: LoadFailure | null = null): AppService {
    const service = new AppService(config, this.#owner, loadFailure);
    this.#services.set(config.name, service);
    return service;
  }

  async #drain(name: string): Promise<void> {
    await this.#services.get(name)?.whenDone();
    this.#owner.tell({ type: 'app-drained', app: name });
  }

  // --- stopping -------------------------------------------------------------------------------------------

  stop(): void {
    for (const service of this.all) service.stop();
  }

  async whenIdle(): Promise<void> {
    await Promise.all(
      [...this.all].map(({ dispatcher }) => new Promise<void>((resolve) => dispatcher.whenIdle(resolve))),
    );
  }

  giveUp(): void {
    for (const { dispatcher } of this.all) dispatcher.giveUp();
  }

  quitWorkers(isQuick: boolean): void {
    for (const { dispatcher } of this.all) dispatcher.workers.quitAll(isQuick);
  }
}
