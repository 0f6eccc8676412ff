import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { connect } from 'node:net';
import { join } from 'node:path';
import { CertificateFolder, opensslIsMissing } from './certificates.ts';
import { findLastingPort } from './free-port.ts';
import { projectRoot } from './project.ts';
import { waitFor, within } from './wait-for.ts';

// scripts/test-tools.sh puts them there.
const programs = join(projectRoot, '.venvs', 'go', 'bin');

/** Why the tests with Pebble cannot run here, or false. */
export const pebbleIsMissing: string | false =
  opensslIsMissing || (!existsSync(join(programs, 'pebble')) && 'Pebble is not installed');

/** It answers nobody without. */
const HEADERS = { 'User-Agent': 'tests' };

export interface PebbleOptions {
  /** Of the certificates that it gives. */
  readonly validitySeconds?: number;
  /** The one that it has. */
  readonly profile?: string;
  /** Without that it knows nobody; null: it knows everybody. */
  readonly binding?: { readonly id: string; readonly key: string } | null;
}

/** Let's Encrypt's authority for tests, and a name server that knows every host: it is on 127.0.0.1, unless that is said otherwise. */
export class Pebble {
  /** Where it asks for challenges. */
  readonly httpPort: number;
  readonly tlsPort: number;
  readonly #ports: readonly number[];
  readonly #folder = new CertificateFolder();
  readonly #children: ChildProcess[] = [];
  #log = '';

  private constructor(ports: readonly number[]) {
    this.#ports = ports;
    [this.httpPort, this.tlsPort] = ports as [number, number];
  }

  static async start({
    validitySeconds = 7_776_000,
    profile = 'default',
    binding = null,
  }: PebbleOptions = {}): Promise<Pebble> {
    const ports: number[] = [];
    while (ports.length < 6) ports.push(await findLastingPort());
    const pebble = new Pebble(ports);
    try {
      pebble.#configure({ validitySeconds, profile, binding });
      await pebble.#run();
      return pebble;
    } catch (error) {
      await pebble.stop();
      throw error;
    }
  }

  /** It knows nobody any more, and signs with another key. */
  async restart(): Promise<void> {
    await this.#end();
    await this.#run();
  }

  #configure({ validitySeconds, profile, binding }: Required<PebbleOptions>): void {
    const [, , acmePort, adminPort] = this.#ports;
    const authority = this.#folder.authority('authority');
    const own = this.#folder.certificate('pebble', { by: authority });
    const config = {
      listenAddress: `127.0.0.1:${acmePort}`,
      managementListenAddress: `127.0.0.1:${adminPort}`,
      certificate: own.cert,
      privateKey: own.key,
      httpPort: this.httpPort,
      tlsPort: this.tlsPort,
      ocspResponderURL: '',
      externalAccountBindingRequired: binding !== null,
      ...(binding === null ? {} : { externalAccountMACKeys: { [binding.id]: binding.key } }),
      domainBlocklist: ['blocked.test'],
      retryAfter: { authz: 1, order: 1 },
      keyAlgorithm: 'ecdsa',
      // Of several it would take any.
      profiles: { [profile]: { description: 'the only one', validityPeriod: validitySeconds } },
    };
    this.#folder.write('pebble.json', JSON.stringify({ pebble: config }));
  }

  async #run(): Promise<void> {
    const [, , acmePort, adminPort, dnsPort, namesPort] = this.#ports;
    const names = ['-defaultIPv6', '', '-http01', '', '-https01', '', '-tlsalpn01', '', '-doh', ''];
    const at = ['-dnsserver', `127.0.0.1:${dnsPort}`, '-management', `127.0.0.1:${namesPort}`];
    this.#spawn('pebble-challtestsrv', [...names, ...at]);
    this.#spawn('pebble', [
      '-config',
      this.#folder.file('pebble.json'),
      '-dnsserver',
      `127.0.0.1:${dnsPort}`,
    ]);
    for (const port of [acmePort, adminPort, dnsPort, namesPort]) {
      await waitFor(() => accepts(port as number), { what: `Pebble on ${port}`, details: () => this.#log });
    }
  }

  #spawn(program: string, words: readonly string[]): void {
    const child = spawn(join(programs, program), words, {
      // It would wait for up to 15 s before it asks for a challenge.
      env: { ...process.env, PEBBLE_VA_NOSLEEP: '1' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.#log += text;
      });
    }
    this.#children.push(child);
  }

  get directory(): string {
    return `https://localhost:${this.#ports[2]}/dir`;
  }

  /** File with who has signed its own certificate. */
  get ca(): string {
    return this.#folder.file('authority.pem');
  }

  /** File with who signs what it gives. */
  async root(): Promise<string> {
    const text = await this.#ask('/roots/0');
    const path = this.#folder.file('root.pem');
    writeFileSync(path, text);
    return path;
  }

  log(): string {
    return this.#log;
  }

  /** How many orders it has been given. */
  get orders(): number {
    return this.#log.match(/ Added order /g)?.length ?? 0;
  }

  /** From now on the name server says that this host is there. */
  async place(host: string, address: string): Promise<void> {
    const body = JSON.stringify({ host, addresses: [address] });
    const response = await fetch(`http://127.0.0.1:${this.#ports[5]}/add-a`, { method: 'POST', body });
    if (!response.ok) throw new Error(`the name server answers ${response.status}`);
  }

  /** From now on it wants this certificate, in PEM form, to be renewed between these dates. */
  async wantRenewal(certificate: string, start: Date, end: Date): Promise<void> {
    const ARIResponse = JSON.stringify({ suggestedWindow: { start, end } });
    await this.#ask('/set-renewal-info/', JSON.stringify({ certificate, ARIResponse }));
  }

  #ask(path: string, body?: string): Promise<string> {
    const method = body === undefined ? 'GET' : 'POST';
    return new Promise((resolve, reject) => {
      const asking = request(
        {
          host: '127.0.0.1',
          port: this.#ports[3] as number,
          path,
          method,
          headers: HEADERS,
          rejectUnauthorized: false,
        },
        (response) => {
          let text = '';
          response.setEncoding('utf8').on('data', (chunk: string) => {
            text += chunk;
          });
          response.once('end', () =>
            response.statusCode === 200 ? resolve(text) : reject(new Error(`${path}: ${text}`)),
          );
        },
      );
      asking.once('error', reject);
      asking.end(body);
    });
  }

  async stop(): Promise<void> {
    await this.#end();
    this.#folder.remove();
  }

  async #end(): Promise<void> {
    for (const child of this.#children.splice(0)) {
      if (child.exitCode !== null || child.pid === undefined) continue;
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await within(10_000, 'the end of Pebble', ended, () => this.#log);
    }
  }
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
