import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join, resolve } from 'node:path';
import { installCommand } from '../commands-folder.ts';
import { type Ended, KirinProcess } from '../kirin.ts';
import { descendantsOf, isAlive } from '../processes.ts';
import { fixture, testPython, testVenv } from '../project.ts';
import { listFolder, makeTemporaryFolder, removeFolder } from '../temporary-folder.ts';
import { waitFor } from '../wait-for.ts';
import type { Deployment } from './deployment.ts';
import { catchesSignal } from './process-state.ts';

export type Server = 'gunicorn' | 'kirin';

const START_TIMEOUT_MS = 45_000;
/** What a worker has a handler for once it heeds signals; its master has none. */
const CAUGHT = { gunicorn: 6 /* ABRT */, kirin: 15 /* TERM */ } as const satisfies Record<Server, number>;

export interface Target {
  readonly host?: string;
  readonly port?: number;
  /** Of a unix socket. */
  readonly path?: string;
  readonly tls?: { readonly rejectUnauthorized: boolean };
}

/** One deployment under one of the servers, in a folder of its own. */
export class Site {
  readonly server: Server;
  readonly deployment: Deployment;
  readonly folder = makeTemporaryFolder();
  readonly #commands = makeTemporaryFolder();
  readonly #process: KirinProcess;
  isToldToStop = false;

  constructor(server: Server, deployment: Deployment) {
    this.server = server;
    this.deployment = deployment;
    const { folder, files = {}, command, env = {} } = deployment;
    if (folder !== undefined) {
      // Responses tell when a file was changed.
      cpSync(fixture('deployments', folder), this.folder, { recursive: true, preserveTimestamps: true });
    }
    for (const [name, text] of Object.entries(files)) this.write(name, text);
    const home = join(this.#commands, 'home');
    mkdirSync(home);
    this.#process = new KirinProcess({
      commandLine: this.#fill(command),
      cwd: this.folder,
      env: {
        PATH: [this.#installPrograms(), join(testVenv, 'bin'), process.env.PATH].join(delimiter),
        // Gunicorn's control socket is there.
        HOME: home,
        XDG_RUNTIME_DIR: home,
        PYTHONUNBUFFERED: '1',
        // Sets of the frameworks come in one order.
        PYTHONHASHSEED: '0',
        ...Object.fromEntries(Object.entries(env).map(([name, value]) => [name, this.#fill(value)])),
      },
    });
  }

  #fill(text: string): string {
    return text.replaceAll('{folder}', this.folder);
  }

  /** `gunicorn` is whichever server this is. */
  #installPrograms(): string {
    const { server } = this;
    const folder = join(this.#commands, server);
    mkdirSync(folder);
    installCommand(folder);
    const program = join(folder, 'gunicorn');
    const started =
      server === 'kirin' ? join(folder, 'kirin') : `${testPython} ${join(testVenv, 'bin', 'gunicorn')}`;
    writeFileSync(program, `#!/bin/sh\nexec ${started} "$@"\n`, { mode: 0o755 });
    return folder;
  }

  // --- its files ---

  write(name: string, text: string): void {
    const path = join(this.folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }

  /** '' as long as it is not there. */
  read(name: string): string {
    const path = join(this.folder, name);
    return existsSync(path) ? readFileSync(path, 'utf8') : '';
  }

  has(name: string): boolean {
    return existsSync(join(this.folder, name));
  }

  rename(from: string, to: string): void {
    renameSync(join(this.folder, from), join(this.folder, to));
  }

  errorLog(): string {
    const { errorLog } = this.deployment;
    return errorLog === undefined ? this.#process.log() : this.read(errorLog);
  }

  accessLog(): string {
    const { accessLog } = this.deployment;
    return accessLog === undefined ? this.#process.stdout() : this.read(accessLog);
  }

  /** What the servers leave behind is to be the same; what the application or the interpreter makes is not looked at. */
  filesLeft(): string[] {
    return listFolder(this.folder).filter((path) => !path.includes('__pycache__'));
  }

  // --- its processes ---

  get hasEnded(): boolean {
    return this.#process.hasEnded && this.deployment.pidFile === undefined;
  }

  get masterPid(): number {
    const { pidFile } = this.deployment;
    return pidFile === undefined ? this.#process.pid : Number(this.read(pidFile));
  }

  /** The master's and those of all below it. */
  pids(): number[] {
    return [this.masterPid, ...descendantsOf(this.masterPid).map(({ pid }) => pid)];
  }

  workerPids(master = this.masterPid): number[] {
    if (master === 0) return [];
    const below = descendantsOf(master);
    if (this.server === 'gunicorn') {
      return below.filter(({ parentPid }) => parentPid === master).map(({ pid }) => pid);
    }
    const isPython = ({ command }: { command: string }) => /python|kirin: (worker|zygote)/.test(command);
    const zygotes = below.filter((each) => each.parentPid === master && isPython(each));
    const zygotePids = new Set(zygotes.map(({ pid }) => pid));
    return below.filter(({ parentPid }) => zygotePids.has(parentPid)).map(({ pid }) => pid);
  }

  /** Whether all would heed a signal: until they have come so far they take it for nothing, or die of it. */
  #areReady(pids: readonly number[]): boolean {
    return pids.every((pid) => catchesSignal(pid, CAUGHT[this.server]));
  }

  /** Waits until so many serve, and none of the old. */
  async waitForWorkers(count: number, old: readonly number[] = []): Promise<void> {
    const areThere = () => {
      if (this.hasEnded) throw new Error(`${this.server} has ended`);
      const pids = this.workerPids();
      const isSettled = pids.length === count && !pids.some((pid) => old.includes(pid));
      return isSettled && this.#areReady(pids) && this.#servesWith(count);
    };
    await waitFor(areThere, {
      timeoutMs: START_TIMEOUT_MS,
      what: `${count} workers of ${this.server}`,
      details: () => this.report(),
    });
  }

  /** Another master beside the first. */
  async waitForMaster(pid: number, workers: number): Promise<void> {
    const ready = /Ready: \d+ worker/g;
    await waitFor(
      () => {
        const hasSaid = this.server === 'gunicorn' || (this.errorLog().match(ready) ?? []).length > 1;
        const pids = this.workerPids(pid);
        return hasSaid && pids.length === workers && this.#areReady(pids);
      },
      { timeoutMs: START_TIMEOUT_MS, what: `workers of process ${pid}`, details: () => this.report() },
    );
  }

  /** Kirin says when they answer; before, a signal would find it starting. */
  #servesWith(count: number): boolean {
    const said = this.server === 'gunicorn' ? /Listening at: / : /Ready: \d+ worker/;
    return count === 0 || said.test(this.errorLog());
  }

  signal(signal: NodeJS.Signals): void {
    const { masterPid } = this;
    // 0 would be whoever runs the tests.
    if (masterPid === 0) throw new Error(`no pid of ${this.server} is known:\n${this.report()}`);
    this.isToldToStop ||= signal === 'SIGTERM';
    process.kill(masterPid, signal);
  }

  async ended(): Promise<Ended> {
    const ended = await this.#process.ended(40_000);
    const master = this.deployment.pidFile === undefined ? 0 : this.masterPid;
    if (master !== 0) await waitFor(() => !isAlive(master), { what: 'the end of the daemon' });
    await waitFor(() => this.#process.processes().length === 0, { what: `the end of all of ${this.server}` });
    return ended;
  }

  // --- where it is ---

  /** Every address that the log names. */
  targets(): Target[] {
    const [, list = ''] = /Listening at: (\S+)/.exec(this.errorLog()) ?? [];
    return list.split(',').map((url) => this.#targetOf(url));
  }

  #targetOf(url: string): Target {
    if (url.startsWith('unix:')) return { path: resolve(this.folder, url.slice('unix:'.length)) };
    const [, scheme, host = '', port] = /^(https?):\/\/(.*):(\d+)$/.exec(url) ?? [];
    const address = {
      host: host === '0.0.0.0' ? '127.0.0.1' : host.replace(/[[\]]/g, ''),
      port: Number(port),
    };
    return scheme === 'https' ? { ...address, tls: { rejectUnauthorized: false } } : address;
  }

  report(): string {
    return `--- ${this.server}: ${this.deployment.name}\n${this.errorLog()}\n${this.#process.stdout()}`;
  }

  discard(): void {
    this.#process.discard();
    removeFolder(this.folder);
    removeFolder(this.#commands);
  }
}
