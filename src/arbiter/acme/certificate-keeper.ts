import type { AcmeToArbiter, CertificateOrder, RenewalWindow } from '../../protocol/supervision/acme.ts';
import type { ArbiterToEdge, ExitStatus } from '../../protocol/supervision/edge.ts';
import {
  CertificateStore,
  type Failures,
  NO_FAILURES,
  type StoredCertificate,
} from '../../tls/certificate-store.ts';
import { describeExit } from '../exit-status.ts';
import type { Log } from '../log.ts';
import type { AcmePlan } from './acme-plan.ts';
import { AcmeProcess } from './acme-process.ts';
import { ChallengeBoard } from './challenge-board.ts';
import { afterReloadMs, dueAtMs, isWantedSooner, pauseMs, renewalMs } from './due.ts';
import { duration } from './duration.ts';
import { Yielding } from './yielding.ts';

/** Clocks are set, and machines sleep: it is looked again at least so often. */
const LONGEST_SLEEP_MS = 3_600_000;
/** While nobody could answer a challenge. */
const NOT_READY_MS = 5000;
/** One that has not ended by then hangs. */
const PROCESS_LIMIT_MS = 900_000;

/** For another Kirin with the same folder, whose process has the same limit. */
const LONGEST_YIELD_MS = PROCESS_LIMIT_MS + 300_000;

/** What is there when Kirin starts may have been revoked while it was off. One that starts again and again does not come to ask. */
const FIRST_ASK_MS = 5000;

type RenewalInfoMessage = Extract<AcmeToArbiter, { type: 'renewal-info' }>;

interface Info {
  /** Of the certificate that it is about. */
  readonly untilMs: number;
  readonly window: RenewalWindow | null;
  readonly askAtMs: number;
}

export interface CertificateKeeperOptions {
  readonly log: Log;
  readonly script: string;
  readonly env: NodeJS.ProcessEnv;
  readonly tellEdge: (message: ArbiterToEdge) => void;
  /** An edge of this Kirin alone listens: whoever asks for a challenge comes to it. */
  readonly isReady: () => boolean;
  /** A certificate has come. */
  readonly changed: () => void;
}

/** Certificates that are obtained automatically: it knows when which are due, and has a process obtain them. */
export class CertificateKeeper {
  readonly #options: CertificateKeeperOptions;
  readonly #board: ChallengeBoard;
  #plan: AcmePlan | null = null;
  #name = '';
  /** By the first host, whatever becomes of the files. */
  readonly #failures = new Map<string, Failures>();
  /** Until when the certificate of a file holds that was told of last. */
  readonly #told = new Map<string, number>();
  /** What the authority has said, by the certificate's file. */
  readonly #infos = new Map<string, Info>();
  readonly #firstAskMs = Date.now() + FIRST_ASK_MS;
  #process: AcmeProcess | null = null;
  /** What the process has not yet told of. */
  #pending: CertificateOrder[] = [];
  #alarm: NodeJS.Timeout | undefined;
  #limit: NodeJS.Timeout | undefined;
  #isClosed = false;
  readonly #yielding = new Yielding(LONGEST_YIELD_MS);

  constructor(options: CertificateKeeperOptions) {
    this.#options = options;
    this.#board = new ChallengeBoard(options.tellEdge, (id) =>
      this.#process?.send({ type: 'challenge-served', id }),
    );
  }

  /** `plan` null: no site wants any. `name`: for the process title. */
  follow(plan: AcmePlan | null, name: string, isReload: boolean): void {
    this.#plan = plan;
    this.#name = name;
    if (plan === null) {
      clearTimeout(this.#alarm);
      return;
    }
    const nowMs = Date.now();
    for (const hosts of plan.certificates) {
      const known = this.#failuresOf(plan, hosts);
      const nextMs = afterReloadMs(known, nowMs, plan.pauseMs);
      if (isReload && nextMs < known.nextMs) this.#noteFailures(plan, hosts, { ...known, nextMs });
      this.#tellStored(this.#find(plan, hosts));
    }
    this.#look();
  }

  /** A new edge knows of no challenge. */
  edgeListening(): void {
    this.#board.show();
    this.#look();
  }

  challengesServed(number: number): void {
    this.#board.noteServed(number);
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#alarm);
    clearTimeout(this.#limit);
    this.#process?.kill();
  }

  /** Starts what is due, and wakes up when more will be. */
  #look(): void {
    clearTimeout(this.#alarm);
    const plan = this.#plan;
    if (plan === null || this.#isClosed || this.#process !== null) return;
    const nowMs = Date.now();
    const states = plan.certificates.map((hosts) => {
      const stored = this.#find(plan, hosts);
      const info = this.#infoOf(stored);
      const atMs = dueAtMs(stored, hosts, this.#failuresOf(plan, hosts), info.window);
      return { hosts, atMs, askAtMs: stored === null ? Number.POSITIVE_INFINITY : info.askAtMs };
    });
    const due = states.filter(({ atMs }) => atMs <= nowMs).map(({ hosts }) => hosts);
    const asks = states.filter(({ askAtMs }) => askAtMs <= nowMs).map(({ hosts }) => hosts);
    if (due.length === 0) this.#endYielding(plan);
    const orders = this.#options.isReady() && this.#yielding.untilMs <= nowMs ? due : [];
    if (orders.length + asks.length > 0) {
      this.#start(plan, orders, asks);
      return;
    }
    const times = states.map(({ atMs, askAtMs }) => Math.min(atMs, askAtMs));
    const againMs = this.#yielding.untilMs > nowMs ? this.#yielding.untilMs : nowMs + NOT_READY_MS;
    const nextMs = due.length > 0 ? againMs : Math.min(...times);
    const waitMs = Math.min(LONGEST_SLEEP_MS, Math.max(1, nextMs - nowMs));
    this.#alarm = setTimeout(() => this.#look(), waitMs);
  }

  #infoOf(stored: StoredCertificate | null): Info {
    const known = stored === null ? undefined : this.#infos.get(stored.path);
    // Of the one before, or of none yet.
    return known?.untilMs === stored?.untilMs && known !== undefined
      ? known
      : { untilMs: 0, window: null, askAtMs: this.#firstAskMs };
  }

  #start(plan: AcmePlan, due: readonly (readonly string[])[], asks: readonly (readonly string[])[]): void {
    const { script, env } = this.#options;
    const orders = due.map((hosts) => {
      const { count } = this.#failuresOf(plan, hosts);
      const challenge = plan.challenges[count % plan.challenges.length] ?? 'http-01';
      return { hosts, challenge, untilMs: this.#find(plan, hosts)?.untilMs ?? 0 };
    });
    this.#pending = orders;
    this.#limit = setTimeout(() => this.#process?.kill(), PROCESS_LIMIT_MS);
    this.#process = new AcmeProcess(
      { script, env, name: this.#name, ca: plan.ca },
      {
        onMessage: (message) => this.#note(plan, message),
        onExit: (status) => this.#noteExit(plan, status),
      },
    );
    const yields = this.#yielding.goesFirst(Date.now());
    this.#process.send({ type: 'obtain', account: plan.account, orders, asks, yields });
  }

  #note(plan: AcmePlan, message: AcmeToArbiter): void {
    switch (message.type) {
      case 'challenge':
        this.#board.add(message.id, message.challenge);
        break;
      case 'challenge-over':
        this.#board.remove(message.id);
        break;
      case 'renewal-info':
        this.#noteInfo(plan, message);
        break;
      case 'busy':
        this.#yield(plan);
        break;
      case 'ordering':
        this.#tellOrdered(plan, message.hosts);
        break;
      case 'obtained':
        this.#settle(message.hosts);
        this.#failures.delete(message.hosts[0] as string);
        this.#tellStored(this.#find(plan, message.hosts));
        this.#options.changed();
        break;
      case 'failed':
        this.#settle(message.hosts);
        this.#fail(plan, message.hosts, message.reason, message.retryAfterMs);
        break;
    }
  }

  #noteExit(plan: AcmePlan, status: ExitStatus): void {
    clearTimeout(this.#limit);
    this.#process = null;
    this.#board.clear();
    if (this.#isClosed) return;
    const untold = this.#pending;
    this.#pending = [];
    for (const { hosts } of untold) {
      this.#fail(plan, hosts, `the process that was to obtain it ${describeExit(status)}`, 0);
    }
    this.#look();
  }

  #tellOrdered({ account }: AcmePlan, hosts: readonly string[]): void {
    const order = this.#pending.find((each) => each.hosts[0] === hosts[0]);
    const { host } = new URL(account.directory);
    this.#options.log.info(
      `Obtaining a certificate for ${hosts.join(', ')} from ${host}, by ${order?.challenge}`,
    );
  }

  #yield({ account }: AcmePlan): void {
    this.#pending = [];
    // It may come to some, too.
    this.#failures.clear();
    if (!this.#yielding.begin(Date.now())) return;
    this.#options.log.info(
      `Another Kirin obtains certificates for ${account.folder}: this one waits, and uses what is obtained`,
    );
  }

  /** What the other has obtained is this one's, too. */
  #endYielding(plan: AcmePlan): void {
    if (!this.#yielding.end()) return;
    for (const hosts of plan.certificates) this.#tellStored(this.#find(plan, hosts));
    this.#options.changed();
  }

  #noteInfo(plan: AcmePlan, { hosts, untilMs, window, askAgainMs }: RenewalInfoMessage): void {
    const stored = this.#find(plan, hosts);
    if (stored === null) return;
    this.#infos.set(stored.path, { untilMs, window, askAtMs: askAgainMs });
    if (window === null || !isWantedSooner(stored, window)) return;
    this.#options.log.info(
      `The certificate for ${hosts.join(', ')} is renewed from ${dateText(renewalMs(stored, window))} on, since the authority wants it`,
    );
  }

  #settle(hosts: readonly string[]): void {
    this.#pending = this.#pending.filter((order) => order.hosts[0] !== hosts[0]);
  }

  #fail(plan: AcmePlan, hosts: readonly string[], reason: string, retryAfterMs: number): void {
    const count = this.#failuresOf(plan, hosts).count + 1;
    const waitMs = pauseMs(count, plan.pauseMs, retryAfterMs, Math.random());
    const nowMs = Date.now();
    const notBeforeMs = retryAfterMs === 0 ? 0 : nowMs + retryAfterMs;
    this.#noteFailures(plan, hosts, { count, nextMs: nowMs + waitMs, notBeforeMs, reason });
    const stored = this.#find(plan, hosts);
    const before = stored === null ? '' : `; the one that is there holds until ${dateText(stored.untilMs)}`;
    this.#options.log.error(
      `No certificate for ${hosts.join(', ')}: ${reason}${before}; it is tried again in ${duration(waitMs)}`,
    );
  }

  #failuresOf(plan: AcmePlan, hosts: readonly string[]): Failures {
    const key = hosts[0] as string;
    const known =
      this.#failures.get(key) ?? this.#read(plan, (store) => store.failures(hosts)) ?? NO_FAILURES;
    this.#failures.set(key, known);
    return known;
  }

  #noteFailures(plan: AcmePlan, hosts: readonly string[], failures: Failures): void {
    this.#failures.set(hosts[0] as string, failures);
    try {
      this.#storeOf(plan).keepFailures(hosts, failures);
    } catch (error) {
      this.#options.log.error(`${plan.account.folder} cannot be written to: ${(error as Error).message}`);
    }
  }

  #find(plan: AcmePlan, hosts: readonly string[]): StoredCertificate | null {
    return this.#read(plan, (store) => store.find(hosts));
  }

  /** null also where the folder cannot be read: then what is to be written to it fails, and is told. */
  #read<T>(plan: AcmePlan, read: (store: CertificateStore) => T): T | null {
    try {
      return read(this.#storeOf(plan));
    } catch {
      return null;
    }
  }

  #storeOf({ account }: AcmePlan): CertificateStore {
    return new CertificateStore(account.folder, account.directory);
  }

  #tellStored(stored: StoredCertificate | null): void {
    if (stored === null) return;
    const { path, hosts, untilMs } = stored;
    if (this.#told.get(path) === untilMs) return;
    this.#told.set(path, untilMs);
    this.#options.log.info(
      `The certificate for ${hosts.join(', ')} holds until ${dateText(untilMs)}, and is renewed from ${dateText(renewalMs(stored))} on`,
    );
  }
}

const dateText = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
