import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { UpstreamOrders } from './upstream-app.ts';

/** A process that serves behind Kirin, and can be killed and started again at the same address. */
export class UpstreamServer {
  readonly name: string;
  readonly host: string;
  #port: number;
  #child: ChildProcess | null = null;

  /** @param port 0: any, and the same one after that */
  constructor(name: string, host = '127.0.0.1', port = 0) {
    this.name = name;
    this.host = host;
    this.#port = port;
  }

  get address(): string {
    return `${this.host}:${this.#port}`;
  }

  get port(): number {
    return this.#port;
  }

  get isRunning(): boolean {
    return this.#child !== null;
  }

  /** @param backlog connections that the system takes while it is frozen */
  async start(backlog = 511): Promise<void> {
    const program = join(import.meta.dirname, 'upstream-app.js');
    this.#child = fork(program, [this.name, this.host, `${this.#port}`, `${backlog}`]);
    const [{ port }] = (await once(this.#child, 'message')) as [{ port: number }];
    this.#port = port;
  }

  async order(orders: UpstreamOrders): Promise<void> {
    if (this.#child === null) throw new Error(`${this.name} does not run`);
    const obeyed = once(this.#child, 'message');
    this.#child.send(orders);
    await obeyed;
  }

  /** It does nothing, but the system goes on taking connections for it. */
  freeze(): void {
    this.#child?.kill('SIGSTOP');
  }

  thaw(): void {
    this.#child?.kill('SIGCONT');
  }

  /** At once, as by a power cut. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (child === null) return;
    this.#child = null;
    const exit = once(child, 'exit');
    child.kill('SIGKILL');
    await exit;
  }
}

/** Addresses of the loopback network that no other test process uses: one for each server. */
export function loopbackHosts(count: number): readonly string[] {
  const network = `127.${1 + (process.pid % 250)}.${Math.floor(Math.random() * 250)}`;
  return Array.from({ length: count }, (_, index) => `${network}.${index + 1}`);
}

/** One for each name, running. */
export async function startUpstreamServers(...names: readonly string[]): Promise<UpstreamServer[]> {
  const hosts = loopbackHosts(names.length);
  const servers = names.map((name, index) => new UpstreamServer(name, hosts[index]));
  await Promise.all(servers.map((server) => server.start()));
  return servers;
}
