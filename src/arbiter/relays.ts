import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type { ErrorLog } from '../observe/error-log.ts';
import { RelayClient } from '../observe/relay-client.ts';
import { BackOff } from './back-off.ts';
import type { Owner, Plan } from './plan.ts';
import type { RelayPlan } from './relay-plan.ts';
import { RelayProcess } from './relay-process.ts';
import { createPrivateFolder, type PrivateFolder } from './run-folder.ts';

/** For the last records on their way to the relay, and from there to syslog. */
const CLIENT_GRACE_MS = 1000;
const RELAY_GRACE_MS = 5000;

/**
 * The relay, while the plan wants one: started before anything is logged, replaced by a reload that changes it, started again when it
 * dies. Its socket stays in one place, so that whoever sends records finds the one that serves.
 */
export class Relays {
  readonly #log: ErrorLog;
  readonly #script: string;
  readonly #owner: Owner | null;
  readonly #failures = new BackOff({ maxPauseMs: 5000, isFirstFree: true });
  #folder: PrivateFolder | null = null;
  #client: RelayClient | null = null;
  #wanted: RelayPlan | null = null;
  #current: RelayProcess | null = null;
  #ready: RelayProcess['ready'] = null;
  #hasEnded = false;
  #workers: number | null = null;

  constructor(log: ErrorLog, script: string, owner: Owner | null) {
    this.#log = log;
    this.#script = script;
    this.#owner = owner;
  }

  /**
   * Starts what the plan wants, in place of what there is, and returns the plan with where it is.
   * @throws {KirinError} then what there is goes on
   */
  async equip(plan: Plan): Promise<Plan> {
    const { relay: wanted } = plan;
    // The files that a logging configuration is read from may have changed.
    if (wanted?.spec.logging || !isDeepStrictEqual(wanted, this.#wanted)) {
      if (wanted === null) await this.#leave();
      else await this.#replace(wanted);
      this.#wanted = wanted;
    }
    if (wanted === null) return plan;
    const path = this.#path;
    return {
      ...plan,
      edge: { ...plan.edge, relay: { path, ...this.#use(wanted) } },
      apps: plan.apps.map((app) => ({
        ...app,
        boot: { ...app.boot, relay: path, logConfig: wanted.spec.logging?.config ?? null },
      })),
    };
  }

  /** How many there are; told when it changes. */
  countWorkers(count: number): void {
    this.#workers = count;
    this.#tellWorkers();
  }

  /** Once everybody else has ended. */
  async end(): Promise<void> {
    this.#hasEnded = true;
    await this.#leave();
    this.#folder?.remove();
  }

  reopen(): void {
    this.#current?.reopen();
  }

  /** With what the relay has found in a logging configuration. */
  #use(wanted: RelayPlan): RelayPlan['use'] {
    const ready = this.#ready;
    if (wanted.spec.logging === null || ready === null) return wanted.use;
    const { level, access, atoms } = ready;
    return { ...wanted.use, access, atoms, onlyFrom: level };
  }

  get #path(): string {
    this.#folder ??= createPrivateFolder('relay.sock', this.#owner);
    return this.#folder.socketPath;
  }

  async #replace(wanted: RelayPlan): Promise<void> {
    const next = await this.#start(wanted);
    const old = this.#current;
    this.#current = next;
    next.serve();
    old?.handOver();
    this.#client ??= new RelayClient(this.#path);
    this.#ready = next.ready;
    this.#log.relay = wanted.use.errors ? this.#client : null;
    this.#log.onlyRelayedFrom = this.#use(wanted).onlyFrom;
    this.#wanted = wanted;
    this.#tellWorkers();
  }

  #tellWorkers(): void {
    if (!this.#wanted?.use.metrics || this.#workers === null) return;
    this.#client?.send({ type: 'metrics', text: `gunicorn.workers:${this.#workers}|g` });
  }

  async #start(wanted: RelayPlan): Promise<RelayProcess> {
    const { python, env, spec } = wanted;
    const relay = await RelayProcess.start(
      { python, env, script: this.#script, owner: this.#owner },
      { path: this.#path, ...spec },
      (problem) => this.#log.warning(problem),
    );
    void relay.ended.then((how) => this.#noteEnd(relay, how));
    return relay;
  }

  /** Who still sends records may finish: it ends when they have left. */
  async #leave(): Promise<void> {
    const [current, client] = [this.#current, this.#client];
    this.#current = null;
    this.#client = null;
    this.#log.relay = null;
    this.#log.onlyRelayedFrom = null;
    await client?.close(CLIENT_GRACE_MS);
    if (this.#hasEnded) await current?.end(RELAY_GRACE_MS);
    else void current?.end(RELAY_GRACE_MS);
  }

  #noteEnd(relay: RelayProcess, how: string): void {
    if (relay !== this.#current) return;
    this.#current = null;
    this.#failures.failed(performance.now());
    this.#log.error(`The relay of log records (pid:${relay.pid}) ${how}; another is started`);
    void this.#startAgain();
  }

  async #startAgain(): Promise<void> {
    await sleep(this.#failures.pauseMs, undefined, { ref: false });
    const wanted = this.#wanted;
    if (wanted === null || this.#current !== null || this.#hasEnded) return;
    try {
      const relay = await this.#start(wanted);
      if (this.#hasEnded || this.#current !== null) {
        relay.kill();
        return;
      }
      this.#current = relay;
      relay.serve();
    } catch (error) {
      this.#failures.failed(performance.now());
      this.#log.error(`${(error as Error).message}; it is tried again`);
      void this.#startAgain();
    }
  }
}
