import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type KirinProcess, startKirin } from '../kirin.ts';
import { Random } from '../random.ts';
import { makeTemporaryFolder, removeFolder } from '../temporary-folder.ts';
import { ChaosClient } from './chaos-client.ts';
import { Disasters } from './disasters.ts';
import { readExecutions } from './executions.ts';
import { NumberedRequest } from './numbered-request.ts';
import { type Evidence, judge } from './verdict.ts';

const CLIENTS = 24;
/** How much of a failure is told. */
const MOST_FAULTS = 10;
const AROUND_MS = 1500;

export interface ChaosOptions {
  readonly seed: number;
  readonly seconds: number;
  readonly args: readonly string[];
  /** A kirin.toml that describes the applications; without it there is one, `chaotic:app`. */
  readonly toml?: string;
  /** Lanes of each worker. */
  readonly threads: number;
}

export interface ChaosResult {
  /** What is broken, each with all that is known of it. */
  readonly faults: readonly string[];
  /** How often each status was answered, and each other outcome occurred. */
  readonly outcomes: Readonly<Record<string, number>>;
  readonly deaths: number;
  readonly disasters: Readonly<Record<string, number>>;
}

/** Runs kirin under load while workers die, and judges every request. Kirin has ended in order when this returns. */
export async function runChaos(options: ChaosOptions): Promise<ChaosResult> {
  const folder = makeTemporaryFolder();
  const executions = join(folder, 'executions');
  try {
    const env = { EXECUTIONS: executions };
    const kirin = await startKirin(
      options.toml === undefined
        ? { app: 'chaotic:app', args: options.args, env }
        : { args: ['-c', writeToml(folder, options.toml), ...options.args], env },
    );
    const run = new ChaosRun(kirin, options);
    try {
      await run.cause();
      await kirin.stop();
    } catch (error) {
      console.error(`--- log of kirin ---\n${kirin.log()}`);
      kirin.discard();
      throw error;
    }
    return run.judge(executions);
  } finally {
    removeFolder(folder);
  }
}

function writeToml(folder: string, text: string): string {
  const path = join(folder, 'kirin.toml');
  writeFileSync(path, text);
  return path;
}

class ChaosRun {
  readonly #kirin: KirinProcess;
  readonly #options: ChaosOptions;
  readonly #random: Random;
  readonly #requests: NumberedRequest[] = [];
  readonly #disasters: Disasters;
  #deadlyWanted = 0;
  #isOver = false;

  constructor(kirin: KirinProcess, options: ChaosOptions) {
    this.#kirin = kirin;
    this.#options = options;
    this.#random = new Random(options.seed);
    this.#disasters = new Disasters(kirin, this.#random.fork(), () => {
      this.#deadlyWanted += 1;
    });
  }

  async cause(): Promise<void> {
    const { port } = this.#kirin;
    const source = { next: (random: Random) => this.#next(random) };
    const clients = Array.from({ length: CLIENTS }, () => new ChaosClient(port, source, this.#random.fork()));
    const work = Promise.all(clients.map((client) => client.run()));
    await Promise.race([work, this.#disasters.runUntil(performance.now() + this.#options.seconds * 1000)]);
    this.#isOver = true;
    await work;
  }

  #next(random: Random): NumberedRequest | null {
    if (this.#isOver) return null;
    const number = this.#requests.length + 1;
    const isDeadly = this.#deadlyWanted > 0;
    if (isDeadly) this.#deadlyWanted -= 1;
    const request = isDeadly
      ? NumberedRequest.deadly(number, random)
      : NumberedRequest.ordinary(number, random);
    this.#requests.push(request);
    return request;
  }

  judge(executionsPath: string): ChaosResult {
    const log = this.#kirin.log();
    const blame = readBlame(log);
    const died = new Set([...this.#disasters.killed, ...readDeaths(log)]);
    const evidence: Evidence = {
      execution: readExecutions(executionsPath),
      hasDied: (pid) => died.has(pid),
      endedUnder: (number) => blame.filter((each) => each.number === number).map(({ pid }) => pid),
    };
    const faults = this.#requests.flatMap((request) =>
      judge(request, evidence).map((sentence) => `${sentence}\n${this.#describe(request, evidence)}`),
    );
    faults.push(...this.#judgeBlame(blame, evidence));
    return {
      faults: faults.slice(0, MOST_FAULTS),
      outcomes: count(this.#requests.map(({ outcome }) => outcomeName(outcome))),
      deaths: died.size,
      disasters: count(this.#disasters.list.map(({ text }) => text.replace(/ to \d+/, ''))),
    };
  }

  /** A worker runs one request on each lane, and cannot have begun more. Of an orphan nobody reports what it was running. */
  #judgeBlame(blame: readonly Blame[], { execution }: Evidence): string[] {
    const unfinished = new Map<number, number[]>();
    for (const { pid, number } of blame) {
      if (execution(number).ends.includes(pid)) continue;
      unfinished.set(pid, [...(unfinished.get(pid) ?? []), number]);
    }
    return [...unfinished]
      .filter(([pid, numbers]) => numbers.length > this.#options.threads && !this.#isOrphan(pid))
      .map(([pid, numbers]) => {
        const said = `more is said to have run on worker ${pid} than it has lanes: ${numbers.join(', ')}`;
        const lines = this.#logOf((line) => line.includes(`pid:${pid})`) || line.includes(`pid: ${pid}`));
        return [said, ...lines].join('\n');
      });
  }

  #logOf(matches: (line: string) => boolean): string[] {
    const lines = this.#kirin.log().split('\n');
    return lines.filter(matches).map((line) => `  log: ${line}`);
  }

  #isOrphan(pid: number): boolean {
    return this.#kirin.log().includes(`Worker (pid:${pid}), whose zygote had died`);
  }

  #describe(request: NumberedRequest, evidence: Evidence): string {
    const { starts, ends } = evidence.execution(request.number);
    const life = (pid: number) => `${pid}${evidence.hasDied(pid) ? ' (died)' : ''}`;
    const around = this.#disasters.list
      .filter(({ atMs }) => atMs > request.sentMs - AROUND_MS && atMs < request.endedMs + AROUND_MS)
      .map(({ atMs, text }) => `${(atMs - request.sentMs).toFixed(0)} ms: ${text}`);
    const pids = [...new Set([...starts, ...ends])];
    const lines = this.#logOf(
      (line) =>
        line.includes(`n=${request.number}&`) ||
        line.includes(`n=${request.number} `) ||
        pids.some((pid) => line.includes(`pid:${pid})`)),
    );
    return [
      `  ${request.method} ${request.target}: ${JSON.stringify(request.outcome)} after ${(request.endedMs - request.sentMs).toFixed(0)} ms`,
      `  started by ${starts.map(life).join(', ') || 'nobody'}; ended by ${ends.map(life).join(', ') || 'nobody'}`,
      ...around.map((line) => `  ${line}`),
      ...lines,
    ].join('\n');
  }
}

function outcomeName(outcome: NumberedRequest['outcome']): string {
  return outcome.kind === 'answered' ? String(outcome.status) : outcome.kind;
}

/** A worker that ended while it ran a request. */
interface Blame {
  readonly pid: number;
  readonly number: number;
}

function readBlame(log: string): Blame[] {
  const lines = log.matchAll(/Worker \(pid:(\d+)\) ended while it ran \S+ \/\S+\?n=(\d+)/g);
  return [...lines].map(([, pid, number]) => ({ pid: Number(pid), number: Number(number) }));
}

/** Nobody reports how one ends whose zygote has died: it may also have left in order. */
function readDeaths(log: string): number[] {
  return [
    ...log.matchAll(
      /Worker \(pid:(\d+)\)(?: was ended by| exited with code [1-9]|, whose zygote had died, is gone)/g,
    ),
  ].map(([, pid]) => Number(pid));
}

function count(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}
