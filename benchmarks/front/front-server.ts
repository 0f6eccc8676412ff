// A server that was started: answers when it is handed out, and leaves nothing behind when it is stopped.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { freePort, plainEnvironment } from '../whole/running-server.ts';
import type { MeasuredCell } from './cells.ts';
import { type ServerName, type Setting, serverOf } from './servers.ts';

const START_LIMIT_MS = 20_000;
const STOP_LIMIT_MS = 8000;
const POLL_MS = 10;

/** What all servers are started with. */
export type Shared = Omit<Setting, 'port' | 'tlsPort' | 'folder'>;

export class FrontServer {
  readonly name: ServerName;
  readonly port: number;
  readonly tlsPort: number;
  readonly #child: ChildProcess;
  readonly #folder: string;

  private constructor(name: ServerName, port: number, tlsPort: number, child: ChildProcess, folder: string) {
    this.name = name;
    this.port = port;
    this.tlsPort = tlsPort;
    this.#child = child;
    this.#folder = folder;
  }

  /** Rejects, with the end of its log, when it does not answer that as it should in time. */
  static async start(name: ServerName, shared: Shared, probe: MeasuredCell): Promise<FrontServer> {
    const folder = mkdtempSync(join(tmpdir(), `bench-${name}-`));
    const port = await freePort();
    const tlsPort = await freePort();
    const log = join(folder, 'log');
    const output = openSync(log, 'a');
    const { argv, env } = serverOf(name);
    const setting: Setting = { ...shared, port, tlsPort, folder };
    const [program, ...args] = argv(setting);
    const child = spawn(program, args, {
      detached: true,
      stdio: ['ignore', output, output],
      env: { ...plainEnvironment(), ...env },
    });
    child.on('error', () => {}); // no such program: it never answers
    closeSync(output);
    const server = new FrontServer(name, port, tlsPort, child, folder);
    const limit = performance.now() + START_LIMIT_MS;
    while (!(await server.sends(probe))) {
      if (server.isAlive && performance.now() < limit) {
        await pause(POLL_MS);
        continue;
      }
      const tail = readFileSync(log, 'utf8').trim().split('\n').slice(-5).join('\n');
      await server.stop();
      throw new Error(`it does not send ${probe.path}\n${tail}`);
    }
    return server;
  }

  get roots(): readonly number[] {
    return this.#child.pid === undefined ? [] : [this.#child.pid];
  }

  get isAlive(): boolean {
    const { pid, exitCode, signalCode } = this.#child;
    return pid !== undefined && exitCode === null && signalCode === null;
  }

  /** Whether it answers as it should. */
  async sends({ path, bytes, protocol }: MeasuredCell): Promise<boolean> {
    try {
      if (protocol !== 'http') return (await sizeByTls(this.tlsPort, path)) === bytes;
      const response = await fetch(`http://127.0.0.1:${this.port}${path}`);
      return (await response.arrayBuffer()).byteLength === bytes && response.status === 200;
    } catch {
      return false;
    }
  }

  async stop(): Promise<void> {
    if (this.isAlive) {
      const ended = once(this.#child, 'exit');
      this.#child.kill('SIGTERM');
      await Promise.race([ended, pause(STOP_LIMIT_MS, undefined, { ref: false })]);
      if (this.isAlive) this.#child.kill('SIGKILL');
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** Of a body that comes with status 200; the certificate is nobody's. */
function sizeByTls(port: number, path: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port, path, rejectUnauthorized: false }, (response) => {
      let bytes = 0;
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
      });
      response.on('end', () => resolve(response.statusCode === 200 ? bytes : -1));
    });
    asked.on('error', reject);
    asked.end();
  });
}
