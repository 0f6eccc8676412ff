// How fast a server is that faces the internet: starts the servers, lets them take turns, and reports.

import { execFileSync, spawnSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { ensureProgram } from '../whole/environment.ts';
import type { Load, Target } from '../whole/load.ts';
import { type Turn, takeTurn } from '../whole/measure.ts';
import { CELLS, cellOf, type MeasuredCell, makeFiles } from './cells.ts';
import { FrontServer, type Shared } from './front-server.ts';
import { runH2load } from './h2load.ts';
import { type Options, parseOptions, USAGE } from './options.ts';
import { type Cell, formatCell, formatReport, type Results } from './report.ts';
import { type ServerName, serverOf } from './servers.ts';

const WARM_UP_SECONDS = 1;

const running = new Set<FrontServer>();

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
    const results = await measure(options, { files, ...makeCertificate(files), upstreamPort: null });
    console.log(`\n${formatReport(results)}`);
    if (options.json !== null) writeFileSync(options.json, `${JSON.stringify(results, null, 1)}\n`);
  } finally {
    rmSync(files, { recursive: true });
  }
}

/** Of an elliptic curve, as most sites have them. */
function makeCertificate(folder: string): Pick<Shared, 'certificate' | 'key'> {
  const made = { certificate: join(folder, 'cert.pem'), key: join(folder, 'key.pem') };
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', made.key];
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
  const args = ['req', '-x509', ...key, ...subject, '-days', '2', '-out', made.certificate];
  execFileSync('openssl', args, { stdio: 'pipe' });
  return made;
}

async function measure(options: Options, shared: Shared): Promise<Results> {
  const notMeasured: string[] = [];
  const cells = options.cells.filter((name) => {
    if (name !== 'h2' || ensureProgram('h2load', 'nghttp2-client')) return true;
    notMeasured.push('HTTP/2: h2load is not installed (apt-get install nghttp2-client)');
    return false;
  });
  const upstream = cells.includes('proxy') ? await startUpstream(shared, notMeasured) : null;
  const setting = { ...shared, upstreamPort: upstream?.port ?? null };
  const servers = await startServers(options.servers, setting, notMeasured);
  const measured: Cell[] = [];
  for (const name of cells) {
    if (name === 'proxy' && upstream === null) continue;
    for (const connections of options.connections) {
      const cell = await measureCell(cellOf(name), connections, servers, options, notMeasured);
      console.error(`\n${formatCell(cell)}`);
      measured.push(cell);
    }
  }
  await stopAll();
  return {
    machine: `${cpus().length} × ${cpus()[0]?.model.trim() ?? 'unknown CPU'}`,
    versions: versions(options.servers),
    settings: `One process serves: Kirin's edge, one worker of nginx; medians of ${options.rounds} rounds of ${options.seconds} s`,
    cells: measured,
    notMeasured,
  };
}

/** For all of them the same: an nginx of its own. */
async function startUpstream(shared: Shared, notMeasured: string[]): Promise<FrontServer | null> {
  try {
    if (!ensureProgram('nginx', 'nginx-light')) throw new Error('it is an nginx, which is not installed');
    const upstream = await FrontServer.start('nginx-cache', shared, CELLS[0] as MeasuredCell);
    running.add(upstream);
    return upstream;
  } catch (error) {
    notMeasured.push(`The upstream: ${(error as Error).message}`);
    return null;
  }
}

async function startServers(
  names: readonly ServerName[],
  shared: Shared,
  notMeasured: string[],
): Promise<readonly FrontServer[]> {
  const servers: FrontServer[] = [];
  for (const name of names) {
    try {
      const { program, debianPackage } = serverOf(name);
      if (debianPackage !== null && !ensureProgram(program, debianPackage)) throw new Error('not installed');
      const server = await FrontServer.start(name, shared, CELLS[0] as MeasuredCell);
      running.add(server);
      servers.push(server);
    } catch (error) {
      notMeasured.push(`${serverOf(name).title}: ${(error as Error).message}`);
    }
  }
  return servers;
}

/** The servers in turns, round after round: A B C A B C. */
async function measureCell(
  cell: MeasuredCell,
  connections: number,
  servers: readonly FrontServer[],
  { rounds, seconds }: Options,
  notMeasured: string[],
): Promise<Cell> {
  const turns: Partial<Record<ServerName, (Turn | null)[]>> = {};
  for (let round = 0; round < rounds; round += 1) {
    for (const server of servers) {
      let turn: Turn | null = null;
      try {
        if (round === 0) {
          if (!(await server.sends(cell))) throw new Error(`it does not send ${cell.path}`);
          await turnOf(server, cell, connections, WARM_UP_SECONDS);
        }
        turn = await turnOf(server, cell, connections, seconds);
      } catch (error) {
        const where = `${serverOf(server.name).title} with ${cell.name} at ${connections} connections`;
        notMeasured.push(`${where}, round ${round + 1}: ${(error as Error).message}`);
      }
      turns[server.name] = [...(turns[server.name] ?? []), turn];
    }
  }
  return { name: cell.name, connections, turns };
}

function turnOf(
  { port, tlsPort, roots }: FrontServer,
  { path, protocol }: MeasuredCell,
  connections: number,
  seconds: number,
): Promise<Turn> {
  const isTls = protocol !== 'http';
  const target = { port: isTls ? tlsPort : port, roots, path, uploadBytes: 0, isTls };
  return takeTurn(target, connections, seconds, protocol === 'h2' ? byH2load : undefined);
}

function byH2load({ port, path }: Target, connections: number, seconds: number): Promise<Load> {
  return runH2load(`https://127.0.0.1:${port}${path}`, connections, seconds);
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
