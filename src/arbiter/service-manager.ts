import { fileURLToPath } from 'node:url';
import type { Fleet } from './fleet.ts';
import type { Log } from './log.ts';
import { type NotifySocket, openNotifySocket } from './notify-socket.ts';
import { notifications, type ServiceState, serviceState } from './service-state.ts';
import { watchdogLimitMs } from './watchdog.ts';

const SCRIPT = fileURLToPath(new URL('../../python/kirin_worker/notify_socket.py', import.meta.url));

export interface ManagedProcess {
  readonly env: NodeJS.ProcessEnv;
  readonly python: string;
  readonly log: Log;
  /** It is to take the place of another, which is the service's first process until then. */
  readonly hasPredecessor: boolean;
}

export function connectServiceManager(
  address: string,
  { env, python, log, hasPredecessor }: ManagedProcess,
): ServiceManager {
  // What the one before was given goes on to be this one's.
  const isOurs = (pid: string) => hasPredecessor || pid === String(process.pid);
  return new ServiceManager(log, openNotifySocket(address, python, SCRIPT), {
    isMuted: hasPredecessor,
    watchdogLimitMs: watchdogLimitMs(env, isOurs),
  });
}

/** systemd, or what speaks its sd_notify protocol: told how Kirin is, from the arbiter's process. */
export class ServiceManager {
  /** null: it does not wait to hear of this process. */
  readonly watchdogLimitMs: number | null;
  readonly #log: Log;
  readonly #waiting: string[] = [];
  #socket: NotifySocket | null = null;
  #isLost = false;
  #isMuted: boolean;
  #told: ServiceState | null = null;
  #latest: ServiceState | null = null;

  /** `isMuted`: while another process is the service's first one, which alone is believed. */
  constructor(
    log: Log,
    opening: Promise<NotifySocket>,
    { isMuted, watchdogLimitMs }: { readonly isMuted: boolean; readonly watchdogLimitMs: number | null },
  ) {
    this.#log = log;
    this.#isMuted = isMuted;
    this.watchdogLimitMs = watchdogLimitMs;
    opening.then(
      (socket) => {
        this.#socket = socket;
        for (const message of this.#waiting.splice(0)) this.#send(message);
      },
      (error: Error) => this.#lose(error),
    );
  }

  /** Tells what has changed. */
  update(fleet: Fleet, hasSuccessor: boolean): void {
    this.#latest = serviceState(fleet, this.#latest?.phase ?? 'starting', hasSuccessor);
    if (this.#isMuted) return;
    const messages = notifications(this.#told, this.#latest, process.hrtime.bigint() / 1000n);
    this.#told = this.#latest;
    for (const message of messages) this.#send(message);
  }

  tellAlive(): void {
    if (!this.#isMuted) this.#send('WATCHDOG=1');
  }

  /** From now on the service's first process is another. */
  handOver(pid: number): void {
    this.#send(`MAINPID=${pid}`);
    this.#isMuted = true;
  }

  /** From now on it is this one. */
  takeOver(): void {
    this.#isMuted = false;
    this.#send(`MAINPID=${process.pid}`);
    if (this.#latest === null) return;
    for (const message of notifications(null, this.#latest, process.hrtime.bigint() / 1000n))
      this.#send(message);
    this.#told = this.#latest;
  }

  #send(message: string): void {
    if (this.#isLost) return;
    if (this.#socket === null) {
      this.#waiting.push(message);
      return;
    }
    try {
      this.#socket.send(message);
    } catch (error) {
      this.#lose(error as Error);
    }
  }

  #lose({ message }: Error): void {
    this.#isLost = true;
    this.#waiting.length = 0;
    this.#log.warning(
      `systemd cannot be told how Kirin is (NOTIFY_SOCKET): ${message}; a service of Type=notify would be ended, one of Type=exec is not`,
    );
  }
}
