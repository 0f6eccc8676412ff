// A server of files that was started: answers when it is handed out, and leaves nothing behind when it is stopped.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { freePort, plainEnvironment } from '../whole/running-server.ts';
import type { MeasuredFile } from './files.ts';
import { type ServerName, serverOf } from './servers.ts';

const START_LIMIT_MS = 20_000;
const STOP_LIMIT_MS = 8000;
const POLL_MS = 10;

export class FileServer {
  readonly name: ServerName;
  readonly port: number;
  readonly #child: ChildProcess;
  readonly #folder: string;

  private constructor(name: ServerName, port: number, child: ChildProcess, folder: string) {
    this.name = name;
    this.port = port;
    this.#child = child;
    this.#folder = folder;
  }

  /** Rejects, with the end of its log, when it does not send the file whole in time. */
  static async start(name: ServerName, files: string, probe: MeasuredFile): Promise<FileServer> {
    const folder = mkdtempSync(join(tmpdir(), `bench-${name}-`));
    const port = await freePort();
    const log = join(folder, 'log');
    const output = openSync(log, 'a');
    const { argv, env } = serverOf(name);
    const [program, ...args] = argv({ files, port, folder });
    const child = spawn(program, args, {
      detached: true,
      stdio: ['ignore', output, output],
      env: { ...plainEnvironment(), ...env },
    });
    child.on('error', () => {}); // no such program: it never answers
    closeSync(output);
    const server = new FileServer(name, port, child, folder);
    const limit = performance.now() + START_LIMIT_MS;
    while (!(await server.#sends(probe))) {
      if (server.isAlive && performance.now() < limit) {
        await pause(POLL_MS);
        continue;
      }
      const tail = readFileSync(log, 'utf8').trim().split('\n').slice(-5).join('\n');
      await server.stop();
      throw new Error(`it does not send ${probe.name}.bin\n${tail}`);
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

  async #sends({ name, bytes }: MeasuredFile): Promise<boolean> {
    try {
      const response = await fetch(`http://127.0.0.1:${this.port}/${name}.bin`);
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
