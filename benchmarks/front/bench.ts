// How fast files are served: starts the servers, lets them take turns, and reports.

import { spawnSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { ensureProgram } from '../whole/environment.ts';
import { type Turn, takeTurn } from '../whole/measure.ts';
import { FileServer } from './file-server.ts';
import { FILES, type MeasuredFile, makeFiles } from './files.ts';
import { type Options, parseOptions, USAGE } from './options.ts';
import { type Cell, formatCell, formatReport, type Results } from './report.ts';
import { type ServerName, serverOf } from './servers.ts';

const WARM_UP_SECONDS = 1;

const running = new Set<FileServer>();

async function main(): Promise<void> {
  const options = parseOptions(process.argv.slice(2));
  if (options === null) {
    console.log(USAGE);
    return;
  }
  if (!ensureProgram('wrk', 'wrk'))
    throw new Error('wrk is needed to make load and is not installed: apt-get install wrk');
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void stopAndExit());
  const files = makeFiles();
  try {
    const results = await measure(options, files);
    console.log(`\n${formatReport(results)}`);
    if (options.json !== null) writeFileSync(options.json, `${JSON.stringify(results, null, 1)}\n`);
  } finally {
    rmSync(files, { recursive: true });
  }
}

async function measure(options: Options, files: string): Promise<Results> {
  const notMeasured: string[] = [];
  const servers: FileServer[] = [];
  for (const name of options.servers) {
    try {
      const { program, debianPackage } = serverOf(name);
      if (debianPackage !== null && !ensureProgram(program, debianPackage)) throw new Error('not installed');
      const server = await FileServer.start(name, files, FILES[0] as MeasuredFile);
      running.add(server);
      servers.push(server);
    } catch (error) {
      notMeasured.push(`${serverOf(name).title}: ${(error as Error).message}`);
    }
  }
  const cells: Cell[] = [];
  for (const file of options.files) {
    for (const connections of options.connections) {
      const cell = await measureCell(file, connections, servers, options, notMeasured);
      console.error(`\n${formatCell(cell)}`);
      cells.push(cell);
    }
  }
  await stopAll();
  return {
    machine: `${cpus().length} × ${cpus()[0]?.model.trim() ?? 'unknown CPU'}`,
    versions: versions(options.servers),
    settings: `One process serves: Kirin's edge, one worker of nginx; medians of ${options.rounds} rounds of ${options.seconds} s`,
    cells,
    notMeasured,
  };
}

/** The servers in turns, round after round: A B C A B C. */
async function measureCell(
  file: string,
  connections: number,
  servers: readonly FileServer[],
  { rounds, seconds }: Options,
  notMeasured: string[],
): Promise<Cell> {
  const turns: Partial<Record<ServerName, (Turn | null)[]>> = {};
  for (let round = 0; round < rounds; round += 1) {
    for (const server of servers) {
      const target = { port: server.port, roots: server.roots, path: `/${file}.bin`, uploadBytes: 0 };
      let turn: Turn | null = null;
      try {
        if (round === 0) await takeTurn(target, connections, WARM_UP_SECONDS);
        turn = await takeTurn(target, connections, seconds);
      } catch (error) {
        const where = `${serverOf(server.name).title} with ${file} at ${connections} connections`;
        notMeasured.push(`${where}, round ${round + 1}: ${(error as Error).message}`);
      }
      turns[server.name] = [...(turns[server.name] ?? []), turn];
    }
  }
  return { file, connections, turns };
}

function versions(servers: readonly ServerName[]): string {
  const told = [`Node ${process.version}`];
  const output = (program: string, flag: string) => {
    const { stdout, stderr } = spawnSync(program, [flag], { encoding: 'utf8' });
    return /\d+\.\d+\.\d+/.exec(`${stdout}${stderr}`)?.[0];
  };
  if (servers.includes('nginx')) told.push(`nginx ${output('nginx', '-v') ?? 'is missing'}`);
  if (servers.includes('caddy')) told.push(`Caddy ${output('caddy', 'version') ?? 'is missing'}`);
  return told.join(', ');
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
