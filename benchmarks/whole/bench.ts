// The benchmark: prepares, starts the servers, lets them take turns, and reports.

import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { APPS, type App, TRANSFER } from './apps.ts';
import { type Environment, prepareEnvironment, versionsIn } from './environment.ts';
import { type Turn, takeTurn } from './measure.ts';
import { type Options, parseOptions, USAGE } from './options.ts';
import { treePssMegabytes } from './processes.ts';
import { formatCell, formatReport } from './report.ts';
import type { Cell, Results } from './results.ts';
import { RunningServer } from './running-server.ts';
import { APPS_FOLDER, isInstalled, type ServerName, serverOf } from './servers.ts';
import { measureTransfer } from './transfers.ts';

const WARM_UP_SECONDS = 1;
/** What a server gets before its memory is read; then it rests, so that connections close and collectors that run when idle get their turn. */
const MEMORY_LOAD = { connections: 64, seconds: 2 } as const;
const REST_MS = 2000;

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

const running = new Set<RunningServer>();

async function main(): Promise<void> {
  const options = parseOptions(process.argv.slice(2));
  if (options === null) {
    console.log(USAGE);
    return;
  }
  const environment = prepareEnvironment(options.python);
  if (options.profile !== null) mkdirSync(options.profile, { recursive: true });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void stopAndExit());

  const notMeasured = environment.missing.map((what) => `not installed: ${what}`);
  const servers = (options.servers as readonly ServerName[]).filter((name) => {
    const isThere = isInstalled(name, environment.venv);
    if (!isThere) notMeasured.push(`${serverOf(name).title}: not installed (${serverOf(name).program})`);
    return isThere;
  });
  console.error(`bench: about ${estimateMinutes(options, servers.length)} minutes`);

  const cells: Cell[] = [];
  const memory: Record<string, Partial<Record<ServerName, number>>> = {};
  const starts = await measureStarts(options, environment, servers, notMeasured);
  for (const app of APPS.filter(({ name }) => options.apps.includes(name))) {
    const started = await startAll(app, options, environment, servers, notMeasured);
    for (const connections of options.connections) {
      const cell = await measureCell(app, connections, started, options, notMeasured);
      console.error(`\n${formatCell(cell)}`);
      cells.push(cell);
    }
    await stopAll();
    memory[app.name] = await measureMemory(app, options, environment, servers);
  }

  const transfers = options.apps.includes(TRANSFER.name)
    ? await measureTransfers(options, environment, servers, notMeasured)
    : {};

  const results: Results = {
    machine: `${cpus().length} × ${cpus()[0]?.model.trim() ?? 'unknown CPU'}`,
    versions: versionsIn(environment.venv),
    settings: `${options.workers} workers with ${options.threads} thread(s), medians of ${options.rounds} rounds of ${options.seconds} s`,
    cells,
    starts,
    memory,
    transfers,
    notMeasured,
  };
  console.log(`\n${formatReport(results)}`);
  if (options.json !== null) writeFileSync(options.json, `${JSON.stringify(results, null, 1)}\n`);
}

/** Servers take turns at starting too, one at a time. */
async function measureStarts(
  options: Options,
  environment: Environment,
  servers: readonly ServerName[],
  notMeasured: string[],
): Promise<Results['starts']> {
  const starts: Mutable<Results['starts']> = {};
  const hello = APPS[0] as App;
  for (let round = 0; round < options.starts; round += 1) {
    for (const name of servers) {
      const server = await start(name, hello, options, environment, round === 0 ? notMeasured : []);
      if (server === null) continue;
      starts[name] = [...(starts[name] ?? []), server.firstResponseMs];
      await stop(server);
    }
  }
  return starts;
}

async function startAll(
  app: App,
  options: Options,
  environment: Environment,
  servers: readonly ServerName[],
  notMeasured: string[],
): Promise<readonly RunningServer[]> {
  const started: RunningServer[] = [];
  for (const name of servers) {
    const server = await start(name, app, options, environment, notMeasured);
    if (server !== null) started.push(server);
  }
  return started;
}

async function start(
  name: ServerName,
  app: App,
  { workers, threads, profile }: Options,
  { venv }: Environment,
  notMeasured: string[],
): Promise<RunningServer | null> {
  try {
    const server = await RunningServer.start(name, {
      app,
      appsFolder: APPS_FOLDER,
      workers,
      threads,
      venv,
      profile,
      kirinOptions: [],
    });
    running.add(server);
    return server;
  } catch (error) {
    notMeasured.push(`${serverOf(name).title} with ${app.name}: ${(error as Error).message}`);
    return null;
  }
}

/** The servers in turns, round after round: A B C A B C. */
async function measureCell(
  app: App,
  connections: number,
  servers: readonly RunningServer[],
  { rounds, seconds }: Options,
  notMeasured: string[],
): Promise<Cell> {
  const turns: Partial<Record<ServerName, (Turn | null)[]>> = {};
  for (let round = 0; round < rounds; round += 1) {
    for (const server of servers) {
      try {
        if (round === 0) await takeTurn(server, connections, WARM_UP_SECONDS);
        const turn = await takeTurn(server, connections, turnSeconds(app, connections, seconds));
        turns[server.name] = [...(turns[server.name] ?? []), turn];
        if (!server.isAlive) throw new Error('it ended during the load');
      } catch (error) {
        turns[server.name] = [...(turns[server.name] ?? []), null];
        const where = `${serverOf(server.name).title} with ${app.name} at ${connections} connections`;
        notMeasured.push(`${where}, round ${round + 1}: ${(error as Error).message}`);
      }
    }
  }
  return { app: app.name, connections, turns };
}

/** One server at a time: PSS divides what is shared, such as an interpreter, by all who share it. */
async function measureMemory(
  app: App,
  options: Options,
  environment: Environment,
  servers: readonly ServerName[],
): Promise<Partial<Record<ServerName, number>>> {
  const memory: Partial<Record<ServerName, number>> = {};
  for (const name of servers) {
    const server = await start(name, app, options, environment, []);
    if (server === null) continue;
    await takeTurn(server, MEMORY_LOAD.connections, MEMORY_LOAD.seconds);
    await pause(REST_MS);
    memory[name] = treePssMegabytes(server.roots);
    await stop(server);
  }
  return memory;
}

async function measureTransfers(
  options: Options,
  environment: Environment,
  servers: readonly ServerName[],
  notMeasured: string[],
): Promise<Results['transfers']> {
  const transfers: Mutable<Results['transfers']> = {};
  for (const name of servers.filter((server) => server !== 'floor')) {
    const server = await start(name, TRANSFER, options, environment, notMeasured);
    if (server === null) continue;
    try {
      const download = await measureTransfer(server, 'download');
      transfers[name] = { download, upload: await measureTransfer(server, 'upload') };
    } catch (error) {
      notMeasured.push(`${serverOf(name).title}, transfer of 1 GB: ${(error as Error).message}`);
    }
    await stop(server);
  }
  return transfers;
}

function estimateMinutes({ apps, connections, rounds, seconds, starts }: Options, servers: number): number {
  const loaded = apps.filter((name) => name !== TRANSFER.name).length;
  const turnsSeconds = loaded * connections.length * servers * (rounds * seconds + WARM_UP_SECONDS);
  const memorySeconds = loaded * servers * (MEMORY_LOAD.seconds + REST_MS / 1000 + 1);
  return Math.ceil((turnsSeconds * 1.05 + memorySeconds + starts * servers + 2 * apps.length * servers) / 60);
}

/** At hundreds of uploads at once the first to end does so late, and none may end in a short turn. */
function turnSeconds({ uploadBytes }: App, connections: number, seconds: number): number {
  return uploadBytes > 0 && connections > 100 ? seconds * 3 : seconds;
}

async function stop(server: RunningServer): Promise<void> {
  await server.stop();
  running.delete(server);
}

async function stopAll(): Promise<void> {
  await Promise.all([...running].map(stop));
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
