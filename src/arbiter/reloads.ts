import type { ArbiterToEdge, EdgeConfig } from '../protocol/supervision/edge.ts';
import type { CertificateKeeper } from './acme/certificate-keeper.ts';
import type { AppKeepers } from './app-keepers.ts';
import type { Application } from './application.ts';
import { CertificateWatch } from './certificate-watch.ts';
import type { CertificateNews, Certificates } from './certificates.ts';
import type { ArbiterEvent } from './events.ts';
import type { Fleet } from './fleet.ts';
import type { Log } from './log.ts';
import { edgeConfigOf, type Plan } from './plan.ts';
import { keepWhatIsBound } from './restart-only.ts';
import { inWords } from './units.ts';

export interface ReloadsOptions {
  readonly fleet: Fleet;
  readonly apps: AppKeepers;
  readonly log: Log;
  readonly plan: Plan;
  /** @throws when the configuration has become invalid */
  readonly planAgain: () => Promise<Plan>;
  readonly certificateKeeper: () => CertificateKeeper | null;
  readonly enqueue: (event: ArbiterEvent) => void;
  readonly tellEdge: (message: ArbiterToEdge) => void;
}

/** Which plan is in force, and how another comes to be: for the edge as soon as its applications allow, for each of these when it is ready. */
export class Reloads {
  readonly #options: ReloadsOptions;
  readonly #certificateWatch: CertificateWatch;
  #newest: Plan;
  /** Whose sites, certificates and limits are in force in the edge. */
  #front: Plan;

  constructor(options: ReloadsOptions) {
    this.#options = options;
    this.#newest = options.plan;
    this.#front = options.plan;
    this.#certificateWatch = new CertificateWatch((certificates, news) =>
      options.enqueue({ kind: 'certificates-changed', certificates, news }),
    );
  }

  get newest(): Plan {
    return this.#newest;
  }

  /** What is in force in the edge. */
  get front(): EdgeConfig {
    return edgeConfigOf(this.#front);
  }

  begin(): void {
    this.#followCertificates(false);
  }

  close(): void {
    this.#certificateWatch.close();
  }

  /** Of those applications; without any, of all. */
  want(apps: readonly Application[] = this.#options.fleet.apps): void {
    const { fleet, log } = this.#options;
    if (apps.some(({ candidate }) => candidate !== undefined))
      log.info('A reload is under way; another follows it');
    fleet.reloadAsked(apps);
  }

  noteChange(name: string, files: readonly string[]): void {
    const keeper = this.#options.apps.get(name);
    if (keeper === undefined) return;
    keeper.log.info(`Reloading, since ${changedText(files)}`);
    this.want([keeper.app]);
  }

  /** The loop goes on meanwhile: a configuration file may take its time. */
  makePlan(): void {
    const { fleet, planAgain, enqueue } = this.#options;
    fleet.planAsked();
    planAgain().then(
      (plan) => enqueue({ kind: 'plan-made', plan }),
      (error) => enqueue({ kind: 'plan-failed', error }),
    );
  }

  notePlan(made: Plan): void {
    const { fleet, apps, log } = this.#options;
    if (!fleet.planMade()) return;
    const { plan, kept } = keepWhatIsBound(this.#newest, made);
    this.#newest = plan;
    apps.takePlans(plan.apps);
    if (kept.length > 0) log.warning(`Only a restart changes ${inWords(kept)}: what was in force stays so`);
  }

  /** Whatever serves goes on as it does. */
  notePlanFailed({ message, hint }: Error & { readonly hint?: string | null }): void {
    this.#options.fleet.planFailed();
    const reason = typeof hint === 'string' ? `${message}\n${hint}` : message;
    this.#options.log.error(`Not reloaded, the configuration is not valid any more: ${reason}`);
  }

  applyFront(): void {
    this.#front = this.#newest;
    this.#followCertificates(true);
    this.#options.tellEdge({ type: 'configure', config: this.front });
    this.#options.fleet.frontApplied();
  }

  /** Requests go on being routed as they are: nothing could answer those for the application that is missing. */
  giveUpFront(name: string): void {
    this.#options.fleet.frontGivenUp();
    this.#options.log.error(
      `Sites and limits stay as they were, since the application '${name}' does not load`,
    );
  }

  /** What a certificate is read from, and what is to be obtained. */
  #followCertificates(isReload: boolean): void {
    const { certificates, acme, name } = this.#front;
    this.#certificateWatch.follow(certificates);
    this.#options.certificateKeeper()?.follow(acme, name, isReload);
  }

  /** One of them has been obtained. */
  lookAtCertificates(): void {
    this.#certificateWatch.lookNow();
  }

  /** The edge alone has to know. */
  noteCertificates({ tls }: Certificates, { isNew, notices }: CertificateNews): void {
    for (const { level, message } of notices) this.#options.log[level](message);
    if (isNew) this.#options.tellEdge({ type: 'certificates', tls });
  }
}

function changedText(files: readonly string[]): string {
  if (files.length === 1) return `this file has changed: ${files[0]}`;
  return `${files.length} files have changed, among them ${files[0]}`;
}
