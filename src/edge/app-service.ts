import { Dispatcher } from '../dispatcher/dispatcher.ts';
import { AppHandler } from '../handlers/app.ts';
import type { Handler } from '../handlers/exchange.ts';
import { LoadFailureHandler } from '../handlers/load-failure.ts';
import { AppMetrics } from '../observe/app-metrics.ts';
import type { ErrorLog } from '../observe/error-log.ts';
import type { AppConfig, EdgeToArbiter } from '../protocol/supervision/edge.ts';
import { DEFAULT_APP } from '../protocol/supervision/front.ts';
import type { LoadFailure } from '../protocol/supervision/load-failure.ts';
import type { LanePurpose } from './lane-server.ts';
import { LoadReporter } from './load-report.ts';
import { RefusalLog } from './refusal-log.ts';

export interface AppOwner {
  readonly log: ErrorLog;
  tell(message: EdgeToArbiter): void;
  /** Another handler answers for it from now on. */
  handlerChanged(): void;
}

/** How often a slow upload to an application that is to go is looked after. */
const COLLECTING_CHECK_MS = 50;

/** One application in the edge: its lanes, its queue, and who answers for it. */
export class AppService {
  readonly dispatcher: Dispatcher;
  readonly metrics = new AppMetrics();
  readonly #owner: AppOwner;
  readonly #handler: AppHandler;
  readonly #loadReporter: LoadReporter;
  #config: AppConfig;
  /** Requests are routed to it, so that it has to be ready; else it is on its way here, or away. */
  isRouted = false;
  /** What answers instead of the application, while that does not load. */
  #loadFailure: LoadFailureHandler | null = null;

  constructor(config: AppConfig, owner: AppOwner, loadFailure: LoadFailure | null) {
    this.#config = config;
    this.#owner = owner;
    this.dispatcher = this.#newDispatcher(config);
    this.#handler = new AppHandler(this.dispatcher, config, this.metrics);
    if (loadFailure !== null) this.#showFailure(loadFailure);
    this.#loadReporter = new LoadReporter(
      () => this.dispatcher.takeLoad(),
      (report) => owner.tell({ type: 'load', app: config.name, ...report }),
    );
    this.#loadReporter.isWanted = config.reportsLoad;
  }

  #newDispatcher(config: AppConfig): Dispatcher {
    const { log, tell } = this.#owner;
    const expired = new RefusalLog((line) => log.warning(line));
    const refused = new RefusalLog((line) => log.warning(line));
    return new Dispatcher(config, {
      workerReady: ({ pid, generation }) => tell({ type: 'worker-ready', pid, generation }),
      workerOverdue: ({ pid }, job, ageMs) =>
        tell({ type: 'worker-overdue', pid, request: job?.summary ?? 'what ran after a response', ageMs }),
      workerCondemned: ({ pid }) => tell({ type: 'worker-condemned', pid }),
      workerSpent: ({ pid, given }) => tell({ type: 'worker-spent', pid, requests: given }),
      workerLeaving: ({ pid }, reason) => tell({ type: 'worker-leaving', pid, reason }),
      jobExpired: (job, waitedMs) =>
        expired.note(
          () => `No worker was free for ${job.summary} in ${(waitedMs / 1000).toFixed(1)} s: answered 503`,
        ),
      jobRefused: (job) =>
        refused.note(
          () =>
            `${this.#config.queueLimit} requests wait for a worker, and no more may: answered ${job.summary} with 503`,
        ),
      jobRetried: ({ pid }, job) =>
        log.warning(`Worker (pid:${pid}) ended while it ran ${job.summary}: another worker runs it`),
      jobLost: ({ pid }, job) => {
        const why = job.deaths > 1 ? ', the second that did, so it is not tried again' : '';
        log.error(`Worker (pid:${pid}) ended while it ran ${job.summary}${why}: answered 502`);
      },
    });
  }

  get config(): AppConfig {
    return this.#config;
  }

  /** Who answers for it now. */
  get handler(): Handler {
    return this.#loadFailure ?? this.#handler;
  }

  /** For workers of its generations that come. */
  get purpose(): LanePurpose {
    const { maxRequests, maxRequestsJitter } = this.#config;
    return { dispatcher: this.dispatcher, maxRequests, maxRequestsJitter };
  }

  /** Why it should be given no traffic, or null. */
  get whyNotReady(): string | null {
    const { name } = this.#config;
    const isOnly = name === DEFAULT_APP;
    if (this.#loadFailure !== null) return `the application${isOnly ? '' : ` ${name}`} does not load`;
    return this.dispatcher.isReady ? null : `no worker${isOnly ? '' : ` of ${name}`} is ready`;
  }

  /** A generation takes over, under its own configuration. */
  activate(generation: number, config: AppConfig): void {
    this.#config = config;
    this.isRouted = true;
    this.dispatcher.reconfigure(config);
    this.#handler.options = config;
    this.#loadReporter.isWanted = config.reportsLoad;
    const failure = this.#loadFailure;
    this.#loadFailure = null;
    this.#handler.whenNotLoaded = null;
    if (failure !== null) this.#owner.handlerChanged();
    this.dispatcher.activate(generation);
    failure?.end();
  }

  noteLoadFailure(failure: LoadFailure): void {
    const before = this.#loadFailure;
    this.#showFailure(failure);
    this.#owner.handlerChanged();
    this.dispatcher.giveUpWaiting();
    before?.end();
  }

  #showFailure(failure: LoadFailure): void {
    this.#loadFailure = new LoadFailureHandler(failure);
    this.#handler.whenNotLoaded = this.#loadFailure;
  }

  /** Nothing new comes: pages that wait for the application to load wait on for the next server. */
  stop(): void {
    this.#loadFailure?.stop();
  }

  /** Resolves when all that was sent to it is answered. */
  async whenDone(): Promise<void> {
    this.isRouted = false;
    while (this.#handler.collecting > 0)
      await new Promise((resolve) => setTimeout(resolve, COLLECTING_CHECK_MS));
    await new Promise<void>((resolve) => this.dispatcher.whenIdle(resolve));
  }

  /** It is gone. */
  close(): void {
    this.#loadReporter.isWanted = false;
    this.stop();
    this.dispatcher.giveUp();
  }
}
