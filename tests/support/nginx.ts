import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { findFreePort } from './free-port.ts';
import { makeTemporaryFolder, removeFolder } from './temporary-folder.ts';
import { waitFor, within } from './wait-for.ts';

// Debian keeps it where an ordinary user's PATH does not look.
const PROGRAM = ['/usr/sbin/nginx', '/usr/local/sbin/nginx', '/usr/bin/nginx'].find(existsSync);

/** Why the tests with nginx cannot run here, or false. */
export const nginxIsMissing: string | false = PROGRAM === undefined && 'nginx is not installed';

/** A real nginx with a configuration, a prefix and a port of its own. */
export class Nginx {
  readonly port: number;
  readonly #folder: string;
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;

  private constructor(port: number, folder: string) {
    this.port = port;
    this.#folder = folder;
    this.#child = spawn(PROGRAM ?? 'nginx', ['-p', folder, '-c', join(folder, 'nginx.conf')], {
      stdio: 'ignore',
    });
    this.#ended = once(this.#child, 'exit');
  }

  /** `http`: what stands in the http block; LISTEN in it is replaced by the address to listen on. */
  static async start(http: string): Promise<Nginx> {
    const port = await findFreePort();
    const text = `access_log off; client_max_body_size 1g; ${http.replaceAll('LISTEN', `127.0.0.1:${port}`)}`;
    return Nginx.startWith(text, port);
  }

  /** `http`: all that stands in the http block; `port`: one of those that it listens on. */
  static async startWith(http: string, port: number): Promise<Nginx> {
    const folder = makeTemporaryFolder();
    mkdirSync(join(folder, 'temporary'));
    writeFileSync(join(folder, 'nginx.conf'), configuration(folder, http));
    const nginx = new Nginx(port, folder);
    try {
      await waitFor(() => accepts(port), { what: 'nginx to listen', details: () => nginx.log() });
    } catch (error) {
      await nginx.stop();
      throw error;
    }
    return nginx;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  log(): string {
    const file = join(this.#folder, 'error.log');
    return existsSync(file) ? readFileSync(file, 'utf8') : '';
  }

  async stop(): Promise<void> {
    this.#child.kill('SIGTERM');
    await within(10_000, 'the end of nginx', this.#ended, () => this.log());
    removeFolder(this.#folder);
  }
}

function configuration(folder: string, http: string): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((name) => `  ${name}_temp_path ${folder}/temporary/${name};`)
    .join('\n');
  const user = process.getuid?.() === 0 ? `user ${userInfo().username};` : '';
  return `
daemon off;
${user}
worker_processes 1;
pid ${folder}/nginx.pid;
error_log ${folder}/error.log warn;
events { worker_connections 256; }
http {
${temporary}
${http}
}
`;
}

/** Whether somebody listens there. */
export function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
