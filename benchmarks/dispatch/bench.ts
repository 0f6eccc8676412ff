// How servers spread requests over their workers: starts the servers of each scenario, lets them take turns at every load, and reports.

import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { App } from '../whole/apps.ts';
import { type Environment, NODE_COPY, prepareEnvironment, versionsIn } from '../whole/environment.ts';
import { RunningServer } from '../whole/running-server.ts';
import { APPS_FOLDER, isInstalled, KIRIN, type ServerName, serverOf } from '../whole/servers.ts';
import { LIMITS, measureCapacity, takeTurn } from './measure.ts';
import { type Options, parseOptions, USAGE } from './options.ts';
import { formatCell, formatReport } from './report.ts';
import type { Cell, Results, StealingRounds } from './results.ts';
import { capacityOf, type OfferedLoad, OVERLOAD, SCENARIOS, type Scenario } from './scenarios.ts';
import { compareStealing, HELLO, STEALING } from './stealing.ts';
import type { TurnResult } from './turn.ts';

const APP: App = {
  name: 'dispatch',
  module: 'app',
  title: 'requests of known length',
  uploadBytes: 0,
  expectedBody: 'Hello, World!',
};
const APP_FOLDER = fileURLToPath(new URL('../../../benchmarks/dispatch', import.meta.url));
const WARM_UP_MS = 500;
/** The first load that a server gets, measured and forgotten: the compilers of some need thousands of requests, which rare requests are minutes away from. */
const FIRST_LOAD = { share: 0.6, warmUpMs: 0, windowMs: 4000 } as const;
/** What Kirin runs with: a service that is to refuse early has to say how early. More than wait at 64 connections, less than at 256. */
const QUEUE_LIMIT = 64;
/** Numbers of one round: more than a turn has requests, and a multiple of what the share of slow ones is counted in. */
const NUMBERS_PER_ROUND = 100_000_000;

/** NGINX Unit now and then loses requests that come while its application starts, and is not to be trusted after that. */
const START_ATTEMPTS = 3;

const running = new Set<RunningServer>();

async function main(): Promise<void> {
  const options = parseOptions(process.argv.slice(2));
  if (options === null) {
    console.log(USAGE);
    return;
  }
  const environment = prepareEnvironment(options.python);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void stopAndExit());

  const notes: string[] = [];
  const servers = options.servers.filter((name) => {
    const isThere = isInstalled(name, environment.venv);
    if (!isThere) notes.push(`${serverOf(name).title}: not installed (${serverOf(name).program})`);
    return isThere;
  });
  const flags = kirinFlags();
  console.error(`bench: about ${estimateMinutes(options, servers.length)} minutes`);

  const cells: Cell[] = [];
  for (const scenario of SCENARIOS.filter(({ name }) => options.scenarios.includes(name))) {
    if (!scenario.loads.some((load) => options.loads.includes(load))) continue;
    cells.push(...(await measureScenario(scenario, options, environment, servers, flags, notes)));
  }
  const stealing =
    options.scenarios.includes(STEALING) && servers.includes('kirin')
      ? await measureStealing(options, environment, flags, notes)
      : null;

  const { workers, threads, connections, rounds, seconds, arrivals } = options;
  const results: Results = {
    machine: `${cpus().length} × ${cpus()[0]?.model.trim() ?? 'unknown CPU'}`,
    versions: versionsIn(environment.venv),
    settings: [
      `${workers} workers with ${threads} thread(s), Gunicorn sync ${workers * threads} workers`,
      flags.has('--queue-limit') ? `Kirin with --queue-limit ${QUEUE_LIMIT}` : 'Kirin without a queue limit',
      `${connections} connections, ${arrivals} arrivals`,
      `medians of ${rounds} round(s) of ${seconds} s`,
    ].join('; '),
    cells,
    stealing,
    notes,
  };
  console.log(`\n${formatReport(results)}`);
  if (options.json !== null) writeFileSync(options.json, `${JSON.stringify(results, null, 1)}\n`);
}

/** Starts the servers anew, so that none has learned from another scenario. */
async function measureScenario(
  scenario: Scenario,
  options: Options,
  environment: Environment,
  servers: readonly ServerName[],
  flags: ReadonlySet<string>,
  notes: string[],
): Promise<readonly Cell[]> {
  const started: RunningServer[] = [];
  for (const name of servers) {
    const kirinOptions = flags.has('--queue-limit') ? ['--queue-limit', `${QUEUE_LIMIT}`] : [];
    const server = await start(name, APP, APP_FOLDER, kirinOptions, options, environment, notes);
    if (server !== null) started.push(server);
  }
  const loads = scenario.loads.filter((load) => options.loads.includes(load));
  const cells = await measureCells(scenario, loads, started, options, notes);
  await stopAll();
  for (const cell of cells) console.error(`\n${formatCell(cell)}`);
  return cells;
}

/**
 * Round after round, what is compared lies next to each other in time: the servers at one load, A B C A B C; for goodput the loads of one
 * server. All get the same requests at the same moments.
 */
async function measureCells(
  scenario: Scenario,
  loads: readonly number[],
  servers: readonly RunningServer[],
  options: Options,
  notes: string[],
): Promise<readonly Cell[]> {
  const turns = new Map(
    loads.map((load) => [load, {} as Partial<Record<ServerName, (TurnResult | null)[]>>]),
  );
  const groups = scenario.bar === 'goodput' ? servers.map((server) => [server]) : [servers];
  if (scenario.bar !== 'goodput') await warmUp(scenario, servers, options);
  for (let round = 0; round < options.rounds; round += 1) {
    for (const group of groups) {
      const capacities = await capacitiesOf(scenario, group, options);
      for (const [load, ofLoad] of turns) {
        for (const server of group) {
          const offered = offeredLoad(load, capacities.get(server) ?? 0, options);
          const turn = await measureTurn(scenario, offered, round, server, options, notes);
          ofLoad[server.name] = [...(ofLoad[server.name] ?? []), turn];
        }
      }
    }
  }
  return [...turns].map(([load, ofLoad]) => ({
    scenario: scenario.name,
    load,
    perSecond: nominalPerSecond(scenario, load, options),
    turns: ofLoad,
  }));
}

/** A server that fails here fails again where it is noted. */
async function warmUp(
  scenario: Scenario,
  servers: readonly RunningServer[],
  options: Options,
): Promise<void> {
  const { share, ...times } = FIRST_LOAD;
  const streams = scenario.streams(offeredLoad(share, computedCapacity(scenario, options) ?? 0, options));
  for (const { port } of servers) {
    await takeTurn({ port, streams, firstNumber: 0, ...times, ...LIMITS }).catch(() => {});
  }
}

/** Null, with a note, when the server or the load generator failed. */
async function measureTurn(
  scenario: Scenario,
  offered: OfferedLoad,
  round: number,
  server: RunningServer,
  { seconds }: Options,
  notes: string[],
): Promise<TurnResult | null> {
  try {
    const turn = await takeTurn({
      port: server.port,
      streams: scenario.streams(offered),
      warmUpMs: WARM_UP_MS,
      windowMs: seconds * 1000,
      firstNumber: round * NUMBERS_PER_ROUND,
      ...LIMITS,
    });
    if (!server.isAlive) throw new Error('it ended during the load');
    return turn;
  } catch (error) {
    const where = `${serverOf(server.name).title}, ${scenario.name} at ${offered.share * 100} %, round ${round + 1}`;
    notes.push(`${where}: ${(error as Error).message}`);
    return null;
  }
}

/** Requests per second: computed, or measured anew, since a machine's speed drifts. */
async function capacitiesOf(
  scenario: Scenario,
  servers: readonly RunningServer[],
  options: Options,
): Promise<ReadonlyMap<RunningServer, number>> {
  const capacities = new Map<RunningServer, number>();
  for (const server of servers) {
    const computed = computedCapacity(scenario, options);
    capacities.set(server, computed ?? (await probe(scenario, server, options)));
  }
  return capacities;
}

function computedCapacity({ meanMs }: Scenario, { workers, threads }: Options): number | null {
  return meanMs === null ? null : capacityOf(meanMs, workers * threads);
}

function offeredLoad(share: number, capacity: number, { connections, arrivals }: Options): OfferedLoad {
  return { perSecond: share * capacity, share, connections, arrivals };
}

/** What all streams offer together; null when that differs from server to server. */
function nominalPerSecond(scenario: Scenario, load: number, options: Options): number | null {
  const capacity = computedCapacity(scenario, options);
  if (capacity === null) return null;
  const streams = scenario.streams(offeredLoad(load, capacity, options));
  return streams.reduce((sum, { perSecond }) => sum + perSecond, 0);
}

/** With the load generator that the scenario is measured with, which itself takes a part of the machine. */
async function probe(scenario: Scenario, server: RunningServer, options: Options): Promise<number> {
  const [stream] = scenario.streams(offeredLoad(OVERLOAD, 1, options));
  if (stream === undefined) throw new Error(`${scenario.name} has no stream`);
  return measureCapacity(server.port, stream);
}

async function measureStealing(
  options: Options,
  environment: Environment,
  flags: ReadonlySet<string>,
  notes: string[],
): Promise<StealingRounds | null> {
  if (!flags.has('--steal-after')) {
    notes.push(`${STEALING}: this Kirin has no --steal-after`);
    return null;
  }
  const on = await start('kirin', HELLO, APPS_FOLDER, [], options, environment, notes);
  const off = await start('kirin', HELLO, APPS_FOLDER, ['--steal-after', '0'], options, environment, notes);
  const rounds = on === null || off === null ? null : await compareStealing(on, off, options);
  await stopAll();
  return rounds;
}

async function start(
  name: ServerName,
  app: App,
  appsFolder: string,
  kirinOptions: readonly string[],
  { workers, threads }: Options,
  { venv }: Environment,
  notes: string[],
): Promise<RunningServer | null> {
  // A sync worker has one thread: as many requests at a time take as many workers.
  const size = name === 'gunicorn-sync' ? { workers: workers * threads, threads: 1 } : { workers, threads };
  for (let attempt = 1; ; attempt += 1) {
    try {
      const setting = { app, appsFolder, kirinOptions, venv, profile: null, ...size };
      const server = await RunningServer.start(name, setting);
      running.add(server);
      return server;
    } catch (error) {
      // The reason, and the last line of its log.
      const lines = (error as Error).message.trim().split('\n');
      const reason = [...new Set([lines[0], lines.at(-1)])].join(': ');
      notes.push(`${serverOf(name).title} did not start at attempt ${attempt}: ${reason}`);
      if (attempt === START_ATTEMPTS) return null;
    }
  }
}

/** The long flags that the Kirin of this build has. */
function kirinFlags(): ReadonlySet<string> {
  const { stdout } = spawnSync(NODE_COPY, [KIRIN, '--help-all'], { encoding: 'utf8', timeout: 10_000 });
  return new Set(stdout.match(/--[a-z][a-z-]*/g) ?? []);
}

function estimateMinutes({ scenarios, loads, rounds, seconds }: Options, servers: number): number {
  const drainSeconds = (load: number) => (load < 1 ? 0.5 : 2);
  let total = scenarios.includes(STEALING) ? 2 * (Math.max(rounds, 4) * seconds + 2) : 0;
  for (const scenario of SCENARIOS.filter(({ name }) => scenarios.includes(name))) {
    const measured = scenario.loads.filter((load) => loads.includes(load));
    if (measured.length > 0) total += servers * (scenario.meanMs === null ? 1 + 4 * rounds : 1);
    for (const load of measured)
      total += servers * rounds * (WARM_UP_MS / 1000 + seconds + drainSeconds(load));
  }
  return Math.ceil(total / 60);
}

async function stopAll(): Promise<void> {
  await Promise.all([...running].map((server) => server.stop()));
  running.clear();
}

async function stopAndExit(): Promise<void> {
  await stopAll();
  process.exit(130);
}

try {
  await main();
} catch (error) {
  console.error(`bench: ${(error as Error).message}`);
  process.exitCode = 1;
} finally {
  await stopAll();
}
