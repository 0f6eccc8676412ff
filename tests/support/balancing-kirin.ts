import { spawnSync } from 'node:child_process';
import { request } from 'node:http';
import { join } from 'node:path';
import { AppFolder, answering } from './app-folder.ts';
import { type KirinProcess, startKirin } from './kirin.ts';
import { projectRoot } from './project.ts';

interface ServerNumbers {
  readonly address: string;
  readonly state: string;
  readonly active: number;
  readonly given: number;
  readonly failed: number;
}

interface AskOptions {
  readonly headers?: Readonly<Record<string, string>>;
  /** The client's own. */
  readonly localAddress?: string;
}

/** A Kirin with a kirin.toml of its own, whose `/` is what the lines say. */
export class BalancingKirin {
  readonly #folder: AppFolder;
  readonly kirin: KirinProcess;

  private constructor(folder: AppFolder, kirin: KirinProcess) {
    this.#folder = folder;
    this.kirin = kirin;
  }

  static async start(lines: string): Promise<BalancingKirin> {
    const folder = folderOf(lines);
    return new BalancingKirin(folder, await startKirin({ bind: [], cwd: folder.path }));
  }

  /** Where this file, which the test changes, is in the place of /etc/hosts. */
  static async startWithHosts(hosts: string, lines: string): Promise<BalancingKirin> {
    const folder = folderOf(lines);
    const program = join(projectRoot, 'bin', 'kirin.js');
    const inside = `mount --bind ${hosts} /etc/hosts && exec ${process.execPath} ${program}`;
    const commandLine = `unshare --mount sh -c '${inside}'`;
    return new BalancingKirin(folder, await startKirin({ commandLine, cwd: folder.path }));
  }

  async reload(lines: string): Promise<void> {
    this.#folder.write('kirin.toml', document(lines));
    const from = this.kirin.log().length;
    this.kirin.signal('SIGHUP');
    await this.kirin.waitForLog(/Ready: \d+ worker/, { from });
  }

  /** Status and body. */
  ask(
    path = '/',
    { headers = {}, localAddress }: AskOptions = {},
  ): Promise<{ status: number; body: string }> {
    return new Promise((resolve, reject) => {
      const address = { host: '127.0.0.1', port: this.kirin.port, localAddress };
      request({ ...address, path, headers, agent: false }, (response) => {
        let body = '';
        response.setEncoding('utf8').on('data', (text: string) => {
          body += text;
        });
        response.on('error', reject);
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
      })
        .on('error', reject)
        .end();
    });
  }

  /** The bodies of so many answers, one after the other. */
  async bodies(count: number, path?: string, options?: AskOptions): Promise<string[]> {
    const bodies: string[] = [];
    while (bodies.length < count) bodies.push((await this.ask(path, options)).body);
    return bodies;
  }

  /** What Kirin says of the servers of an upstream. */
  async servers(upstream: string): Promise<readonly ServerNumbers[]> {
    const page = JSON.parse((await this.ask('/-/metrics')).body) as {
      upstreams: readonly { name: string; servers: readonly ServerNumbers[] }[];
    };
    return page.upstreams.find(({ name }) => name === upstream)?.servers ?? [];
  }

  async stop(): Promise<void> {
    try {
      await this.kirin.stop();
    } finally {
      this.#folder.remove();
    }
  }
}

/** Why /etc/hosts cannot be another one for a process, or false. */
export const hostsAreFixed: string | false =
  spawnSync('unshare', ['--mount', 'sh', '-c', 'mount --bind /etc/hosts /etc/hosts']).status !== 0 &&
  'no mount namespace can be made here';

function folderOf(lines: string): AppFolder {
  return new AppFolder({ 'main.py': answering('the application'), 'kirin.toml': document(lines) });
}

function document(lines: string): string {
  return `app = "main:app"\nbind = "127.0.0.1:0"\nhealth_path = "/-"\n${lines}`;
}
