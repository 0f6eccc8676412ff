// A server that was started: knows when it answers, and leaves nothing behind when it is stopped.

import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { App } from './apps.ts';
import { liveTree } from './processes.ts';
import { type ServerName, type Setting, serverOf } from './servers.ts';

const START_LIMIT_MS = 30_000;
const STOP_LIMIT_MS = 8_000;
/** Between two tries to get the first response. */
const POLL_MS = 2;

export class RunningServer {
  readonly name: ServerName;
  readonly app: App;
  readonly port: number;
  /** From the spawning of the first process to the end of the first response. */
  readonly firstResponseMs: number;
  readonly #children: readonly ChildProcess[];
  readonly #folder: string;

  private constructor(
    name: ServerName,
    setting: Setting,
    firstResponseMs: number,
    children: readonly ChildProcess[],
  ) {
    this.name = name;
    this.app = setting.app;
    this.port = setting.port;
    this.firstResponseMs = firstResponseMs;
    this.#children = children;
    this.#folder = setting.folder;
  }

  /** Rejects, with the end of its log, when it does not answer rightly in time. */
  static async start(name: ServerName, common: Omit<Setting, 'port' | 'folder'>): Promise<RunningServer> {
    const folder = mkdtempSync(join(tmpdir(), `bench-${name}-`));
    const setting: Setting = { ...common, folder, port: await freePort() };
    const log = join(folder, 'log');
    const started = performance.now();
    const children = spawnAll(name, setting, log);
    try {
      await firstResponse(setting, children);
      const firstResponseMs = performance.now() - started;
      const wrong = await wrongAnswer(setting);
      if (wrong !== null) throw new Error(wrong);
      return new RunningServer(name, setting, firstResponseMs, children);
    } catch (error) {
      const tail = readFileSync(log, 'utf8').trim().split('\n').slice(-8).join('\n');
      await stopAll(children);
      rmSync(folder, { recursive: true, force: true });
      throw new Error(`${(error as Error).message}\n${tail}`, { cause: error });
    }
  }

  /** Of what it is loaded with. */
  readonly path = '/';

  get uploadBytes(): number {
    return this.app.uploadBytes;
  }

  get roots(): readonly number[] {
    return this.#children.flatMap(({ pid }) => (pid === undefined ? [] : [pid]));
  }

  get isAlive(): boolean {
    return this.#children.every(({ exitCode, signalCode }) => exitCode === null && signalCode === null);
  }

  async stop(): Promise<void> {
    await stopAll(this.#children);
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

function spawnAll(name: ServerName, setting: Setting, log: string): readonly ChildProcess[] {
  const output = openSync(log, 'a');
  const children = serverOf(name)
    .start(setting)
    .map(({ argv: [program, ...args], env }) => {
      // A session of its own: a Ctrl-C in the terminal is for the benchmark, which stops its servers itself.
      const child = spawn(program, args, {
        detached: true,
        stdio: ['ignore', output, output],
        env: { ...plainEnvironment(), ...env },
      });
      child.on('error', () => {}); // no such program: found by the poll, as a process that is not there
      return child;
    });
  closeSync(output);
  return children;
}

/**
 * Only what a program needs to run: GUNICORN_CMD_ARGS and WEB_CONCURRENCY would change what is measured, NODE_EXTRA_CA_CERTS
 * adds 60 ms to each start of Node, PYTHONDONTWRITEBYTECODE has packages compiled at each start.
 */
export function plainEnvironment(): Record<string, string> {
  const names = ['PATH', 'HOME', 'LANG', 'TMPDIR'];
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = process.env[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

async function firstResponse(setting: Setting, children: readonly ChildProcess[]): Promise<void> {
  const limit = performance.now() + START_LIMIT_MS;
  for (;;) {
    const status = await send(setting.port, Buffer.alloc(setting.app.uploadBytes, 'x')).then(
      (answer) => answer.status,
      () => null,
    );
    if (status === 200) return;
    const ended = children.find(
      ({ pid, exitCode, signalCode }) => pid === undefined || exitCode !== null || signalCode !== null,
    );
    if (ended !== undefined) throw new Error(`${ended.spawnargs[0]} ended before its first response`);
    if (performance.now() > limit)
      throw new Error(`no response with status 200 in ${START_LIMIT_MS / 1000} s`);
    await pause(POLL_MS);
  }
}

/** What is wrong with the answer; null when it is as it should be. */
async function wrongAnswer({ app, port }: Setting): Promise<string | null> {
  const { status, body } = await send(port, Buffer.alloc(app.uploadBytes, 'x'));
  if (status === 200 && body === app.expectedBody) return null;
  return `expected status 200 and ${app.expectedBody.length} bytes of body, got ${status} and ${body.length} bytes: ${body.slice(0, 60)}`;
}

function send(port: number, upload: Buffer): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const method = upload.length > 0 ? 'POST' : 'GET';
    const options = { host: '127.0.0.1', port, method, agent: false, timeout: START_LIMIT_MS };
    const outgoing = request(options, (response) => {
      let body = '';
      response.setEncoding('latin1');
      response.on('data', (chunk: string) => {
        body += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
      response.on('error', reject);
    });
    outgoing.on('error', reject);
    outgoing.on('timeout', () => outgoing.destroy(new Error('timeout')));
    if (upload.length > 0) outgoing.setHeader('Content-Length', upload.length);
    outgoing.end(upload);
  });
}

/** TERM to what was spawned; after the limit KILL to all that is left of it and its descendants. */
async function stopAll(children: readonly ChildProcess[]): Promise<void> {
  const alive = children.filter(
    ({ pid, exitCode, signalCode }) => pid && exitCode === null && signalCode === null,
  );
  const family = liveTree(alive.map(({ pid }) => pid as number)).map(({ pid }) => pid);
  for (const child of alive) child.kill('SIGTERM');
  const limit = performance.now() + STOP_LIMIT_MS;
  while (family.some(isRunning) && performance.now() < limit) await pause(10);
  for (const pid of family.filter(isRunning)) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // ended just now
    }
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** A port that was free a moment ago: the servers cannot all say which one they took if given 0. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
