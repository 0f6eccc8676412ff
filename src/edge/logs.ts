import { isDeepStrictEqual } from 'node:util';
import { type AccessLineWriter, AccessLog } from '../observe/access-log.ts';
import { ErrorLog } from '../observe/error-log.ts';
import { LineWriter } from '../observe/line-writer.ts';
import { RelayClient } from '../observe/relay-client.ts';
import { RelayedAccessLines } from '../observe/relayed-access-lines.ts';
import { RequestMeter } from '../observe/request-meter.ts';
import { allOf, type RequestSink } from '../observe/request-sink.ts';
import type { EdgeConfig } from '../protocol/supervision/edge.ts';
import { SiteLogs } from './site-logs.ts';

const BACKLOG_EVERY_MS = 1000;

/** What the edge writes, and where to. */
export class EdgeLogs {
  readonly error: ErrorLog;
  readonly sites: SiteLogs;
  #config: EdgeConfig;
  #relay: RelayClient | null = null;
  #access: AccessLog | null;
  #meter: RequestMeter | null = null;
  #backlogTimer: NodeJS.Timeout | undefined;
  readonly #queued: () => number;

  /**
   * `queued`: how many requests wait for a lane.
   * @throws the system's error when a file cannot be opened
   */
  constructor(config: EdgeConfig, queued: () => number) {
    this.#config = config;
    this.#queued = queued;
    this.error = new ErrorLog({ target: config.errorLog, level: config.logLevel });
    this.sites = new SiteLogs((problem) => this.error.error(problem));
    this.#connect();
    this.#access = this.#openAccess();
  }

  /** Who wants to know of requests; null: nobody. */
  get requests(): RequestSink | null {
    return allOf([this.#access, this.#meter].filter((sink) => sink !== null));
  }

  /** Who counts them; null: nobody. */
  get meter(): RequestSink | null {
    return this.#meter;
  }

  /** The error log stays: it is the arbiter's too. */
  reconfigure(config: EdgeConfig): void {
    const before = this.#config;
    this.#config = config;
    if (!isDeepStrictEqual(config.relay, before.relay)) this.#connect();
    else if (config.accessLog === before.accessLog && config.accessLogFormat === before.accessLogFormat)
      return;
    try {
      const opened = this.#openAccess();
      this.#access?.close();
      this.#access = opened;
    } catch (error) {
      // A reload with a mistake must not end what is running.
      this.error.error(
        `Cannot open the access log ${config.accessLog}, going on with the old one: ${(error as Error).message}`,
      );
    }
  }

  reopen(): void {
    this.error.reopen();
    this.#access?.reopen();
    this.sites.reopen();
  }

  /** Resolves once the process may exit. */
  async close(limitMs: number): Promise<void> {
    this.#access?.close();
    this.sites.close();
    this.#meter?.flush();
    await this.#relay?.close(limitMs);
  }

  #connect(): void {
    const { relay } = this.#config;
    const old = this.#relay;
    this.#relay = relay === null ? null : new RelayClient(relay.path);
    this.error.relay = relay?.errors ? this.#relay : null;
    this.error.onlyRelayedFrom = relay?.onlyFrom ?? null;
    this.#meter?.flush();
    void old?.close(0);
    this.#meter = relay?.metrics && this.#relay !== null ? new RequestMeter(this.#relay) : null;
    clearInterval(this.#backlogTimer);
    if (!relay?.backlog) return;
    this.#backlogTimer = setInterval(() => this.#tellBacklog(), BACKLOG_EVERY_MS).unref();
  }

  #tellBacklog(): void {
    this.#relay?.send({ type: 'metrics', text: `gunicorn.backlog:${this.#queued()}|h` });
  }

  #openAccess(): AccessLog | null {
    const { accessLog, accessLogFormat, relay } = this.#config;
    const writers: AccessLineWriter[] = [];
    const isWrittenHere = relay === null || relay.onlyFrom === null;
    if (accessLog !== null && isWrittenHere) {
      const report = (message: string) => this.error.warning(message);
      writers.push(new LineWriter({ target: accessLog, report }));
    }
    if (relay?.access && this.#relay !== null) writers.push(new RelayedAccessLines(this.#relay, relay.atoms));
    return writers.length === 0 ? null : new AccessLog(accessLogFormat, writers);
  }
}
