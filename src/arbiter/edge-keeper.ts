import type { AppState, ArbiterToEdge, EdgeConfig, ExitStatus } from '../protocol/supervision/edge.ts';
import { EdgeProcess, LANE_FD } from './edge-process.ts';
import type { ArbiterEvent } from './events.ts';
import { describeExit } from './exit-status.ts';
import type { Fleet } from './fleet.ts';
import type { Listener } from './listeners.ts';
import type { Log } from './log.ts';
import type { Plan } from './plan.ts';
import type { RunFolder } from './run-folder.ts';
import { seconds } from './units.ts';

/** How much later than it said an edge may end that was told to leave. */
const EDGE_SLACK_MS = 1000;

export interface EdgeKeeperOptions {
  readonly fleet: Fleet;
  readonly log: Log;
  readonly script: string;
  readonly env: NodeJS.ProcessEnv;
  readonly listeners: readonly Listener[];
  readonly runFolder: RunFolder;
  readonly enqueue: (event: ArbiterEvent) => void;
}

/** The edge, one after another: started, told, drained, and mourned. What the fleet knows of it comes from here. */
export class EdgeKeeper {
  readonly #options: EdgeKeeperOptions;
  #process: EdgeProcess | null = null;
  #hasListened = false;

  constructor(options: EdgeKeeperOptions) {
    this.#options = options;
  }

  get isThere(): boolean {
    return this.#process !== null;
  }

  get pid(): number | undefined {
    return this.#process?.pid;
  }

  get hasListened(): boolean {
    return this.#hasListened;
  }

  start({ name, owner }: Plan, config: EdgeConfig, apps: readonly AppState[]): void {
    const { fleet, script, env, listeners, runFolder, enqueue } = this.#options;
    const edge = new EdgeProcess(
      {
        script,
        env,
        name,
        laneFd: runFolder.laneSocket.fd,
        listenerFds: listeners.map(({ socket }) => socket.fd),
        owner,
      },
      {
        onMessage: (message) => enqueue({ kind: 'edge-message', message }),
        onExit: (status) => enqueue({ kind: 'edge-exit', status }),
      },
    );
    edge.send({
      type: 'start',
      config,
      apps,
      listeners: listeners.map(({ spec }) => spec),
      laneFd: LANE_FD,
      runDir: runFolder.path,
    });
    for (const { app, pid, phase } of fleet.workers.values()) {
      if (phase === 'retired') edge.send({ type: 'retire', app: app.name, pid });
    }
    this.#process = edge;
    fleet.edge = 'starting';
  }

  send(message: ArbiterToEdge): void {
    this.#process?.send(message);
  }

  /** What it has accepted it still answers; from then on others have the sockets. */
  drain(graceMs: number, nowMs: number): void {
    this.send({ type: 'drain', graceMs, quick: true });
    this.#options.fleet.edgeLeaving(nowMs, graceMs + EDGE_SLACK_MS);
  }

  /** It is later than it was given. */
  kill(): void {
    this.#options.log.error('The edge has not ended in time and is killed');
    this.#options.fleet.edgeKillAtMs = Number.POSITIVE_INFINITY;
    this.#process?.kill();
  }

  /** Without a word, at the very end. */
  killAtLast(): void {
    this.#process?.kill();
  }

  /** Returns whether it is for the first time. */
  noteListening(): boolean {
    const { fleet, log } = this.#options;
    fleet.edge = 'listening';
    if (this.#hasListened) log.info(`Listening again (edge pid: ${this.pid})`);
    const isFirst = !this.#hasListened;
    this.#hasListened = true;
    return isFirst;
  }

  /** Returns what has happened when nobody has asked for it, else null. */
  noteExit(status: ExitStatus, nowMs: number): string | null {
    const { pid } = this;
    this.#process = null;
    const wasExpected = this.#options.fleet.edgeExited(nowMs);
    return wasExpected ? null : `The edge (pid:${pid}) ${describeExit(status)}`;
  }

  tellNext(fact: string): void {
    const { pauseMs } = this.#options.fleet.edgeFailures;
    this.#options.log.error(
      `${fact}; another is started ${pauseMs === 0 ? 'at once' : `in ${seconds(pauseMs)}`}`,
    );
  }
}
