import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { type KirinProcess, startKirin } from './kirin.ts';
import type { Pebble } from './pebble.ts';
import { fixture } from './project.ts';
import { makeTemporaryFolder, removeFolder } from './temporary-folder.ts';

export interface SitesOptions {
  /** Lines of the settings. */
  readonly settings?: readonly string[];
  /** Of each site the lines of its table. */
  readonly sites: readonly (readonly string[])[];
  /** Whether there is an address for this. */
  readonly speaks?: readonly ('http' | 'https')[];
}

/** A kirin.toml whose certificates come from this Pebble, and the Kirins that run it one after another. */
export class AutomaticSites {
  readonly path = makeTemporaryFolder();
  readonly #pebble: Pebble;
  readonly #started: KirinProcess[] = [];

  constructor(pebble: Pebble, options: SitesOptions) {
    this.#pebble = pebble;
    this.write(options);
  }

  /** From the next start or reload on. */
  write({ settings = [], sites, speaks = ['http', 'https'] }: SitesOptions): void {
    const ports = { http: this.#pebble.httpPort, https: this.#pebble.tlsPort };
    const bind = speaks.map((scheme) => `${scheme}://127.0.0.1:${ports[scheme]}`);
    const lines = [
      'app = "environ_dump:app"',
      `chdir = ${JSON.stringify(fixture('apps'))}`,
      `bind = ${JSON.stringify(bind)}`,
      `acme_directory = "${this.#pebble.directory}"`,
      `acme_ca = "${this.#pebble.ca}"`,
      `acme_folder = "${this.acmeFolder}"`,
      'acme_email = "admin@shop.test"',
      ...settings,
      ...sites.flatMap((site) => ['[[sites]]', ...site]),
    ];
    writeFileSync(join(this.path, 'kirin.toml'), lines.map((line) => `${line}\n`).join(''));
  }

  async start(): Promise<KirinProcess> {
    const kirin = await startKirin({ args: ['-c', join(this.path, 'kirin.toml')], bind: [] });
    this.#started.push(kirin);
    return kirin;
  }

  get acmeFolder(): string {
    return join(this.path, 'acme');
  }

  /** What a client that names this host is shown. */
  certificate(host: string): Promise<X509Certificate> {
    return new Promise((resolve, reject) => {
      const socket = connect({
        host: '127.0.0.1',
        port: this.#pebble.tlsPort,
        servername: host,
        rejectUnauthorized: false,
      });
      socket.once('secureConnect', () => {
        const shown = socket.getPeerX509Certificate();
        socket.destroy();
        if (shown === undefined) reject(new Error('there is no certificate'));
        else resolve(new X509Certificate(shown.raw));
      });
      socket.once('error', reject);
    });
  }

  /** The body that curl gets, which trusts Pebble alone. */
  async curl(host: string, path: string, ...words: readonly string[]): Promise<string> {
    const port = this.#pebble.tlsPort;
    const root = await this.#pebble.root();
    const url = `https://${host}:${port}${path}`;
    const resolve = `${host}:${port}:127.0.0.1`;
    return execFileSync('curl', ['-sS', '--fail', '--cacert', root, '--resolve', resolve, ...words, url], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  }

  /** Whatever a test that has failed has left, it must not be in the way of the next. */
  remove(): void {
    for (const kirin of this.#started) {
      if (!kirin.hasEnded) console.error(`--- log of kirin ---\n${kirin.log()}`);
      kirin.discard();
    }
    removeFolder(this.path);
  }
}
