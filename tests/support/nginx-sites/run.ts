// Runs one configuration under nginx and, migrated, under Kirin, and asks both the same.

import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Certificate } from '../certificates.ts';
import { findFreePort } from '../free-port.ts';
import { answerOf, openHttp2, request } from '../http2-client.ts';
import { KirinProcess } from '../kirin.ts';
import { accepts, Nginx } from '../nginx.ts';
import { projectRoot } from '../project.ts';
import { RawConnection } from '../raw-connection.ts';
import { makeTemporaryFolder, removeFolder } from '../temporary-folder.ts';
import { waitFor } from '../wait-for.ts';
import { Backend } from './backend.ts';
import { compare, type Difference, type Facts, factsOf, type Shown } from './facts.ts';
import type { Asked, SiteCase } from './site-case.ts';

const MODIFIED = new Date('2024-01-02T03:04:05Z');
/** As Debian's nginx.conf has it. */
const COMMON = 'include /etc/nginx/mime.types; default_type application/octet-stream;';
const PORTS = ['LISTEN', 'SECOND', 'SECURE'] as const;

export interface Ran {
  readonly differences: readonly Difference[];
  /** Directives without an equivalent, as the report has them. */
  readonly missing: readonly string[];
  readonly toml: string;
  /** How many servers behind have answered, under each. */
  readonly answering: { readonly nginx: number; readonly kirin: number };
}

export async function runCase(site: SiteCase, certificate: Certificate | null): Promise<Ran> {
  const folder = makeTemporaryFolder();
  const backends = [
    await Backend.start('one'),
    await Backend.start('two'),
    await Backend.start('three'),
    await Backend.start('socket', join(folder, 'backend.sock')),
  ];
  try {
    writeFiles(folder, site.files ?? {});
    const values = {
      FOLDER: folder,
      SOCKET: join(folder, 'backend.sock'),
      PORT_OF_ONE: (backends[0] as Backend).address.replace(/^.*:/, ''),
      BACKEND3: (backends[2] as Backend).address,
      BACKEND2: (backends[1] as Backend).address,
      BACKEND: (backends[0] as Backend).address,
      CERTIFICATE: certificate?.cert ?? '',
      KEY: certificate?.key ?? '',
    };
    const nginx = await underNginx(site, values);
    const kirin = await underKirin(site, values, folder);
    const differences = site.asked.flatMap((asked, index) =>
      compare(shown(asked), nginx.facts[index] ?? {}, kirin.facts[index] ?? {}),
    );
    const answering = { nginx: nginx.answering, kirin: kirin.answering };
    return { differences, missing: kirin.missing, toml: kirin.toml, answering };
  } finally {
    for (const backend of backends) await backend.stop();
    removeFolder(folder);
  }
}

const shown = ({
  method = 'GET',
  host = 'shop.example',
  target,
  fields = [],
  port = 'LISTEN',
}: Asked): string =>
  `${method} ${port === 'LISTEN' ? '' : port.toLowerCase()}//${host}${target} ${fields.join(' ')}`.trim();

function writeFiles(folder: string, files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    const file = join(folder, path);
    mkdirSync(path.endsWith('/') ? file : dirname(file), { recursive: true });
    if (path.endsWith('/')) continue;
    writeFileSync(file, text);
    utimesSync(file, MODIFIED, MODIFIED);
  }
}

interface Observed {
  readonly facts: readonly Facts[];
  readonly answering: number;
}

type Values = Readonly<Record<string, string>>;
type Ports = Readonly<Record<(typeof PORTS)[number], number>>;

/** Longer names first, so that none is a part of another. */
function filled(text: string, values: Values, ports: Ports): string {
  const withPorts = PORTS.reduce((result, name) => result.replaceAll(name, `127.0.0.1:${ports[name]}`), text);
  return Object.entries(values).reduce((result, [name, value]) => result.replaceAll(name, value), withPorts);
}

/** Of those that the configuration names. */
async function freePorts({ http }: SiteCase): Promise<Ports> {
  const find = async (name: string) => (http.includes(name) ? await findFreePort() : 0);
  return { LISTEN: await find('LISTEN'), SECOND: await find('SECOND'), SECURE: await find('SECURE') };
}

async function underNginx(site: SiteCase, values: Values): Promise<Observed> {
  const ports = await freePorts(site);
  const nginx = await Nginx.startWith(`${COMMON} ${filled(site.http, values, ports)}`, ports.LISTEN);
  try {
    return await observe(site, ports, values);
  } finally {
    await nginx.stop();
  }
}

async function underKirin(site: SiteCase, values: Values, folder: string) {
  const ports = await freePorts(site);
  const configuration = join(folder, 'nginx.conf');
  writeFileSync(configuration, `http { ${COMMON} ${filled(site.http, values, ports)} }`);
  const missing = migrate(configuration, folder);
  const toml = readFileSync(join(folder, 'kirin.toml'), 'utf8');
  const kirin = new KirinProcess({ bind: [], cwd: folder });
  try {
    // There is no application, and so no worker that would be ready.
    await waitFor(() => accepts(ports.LISTEN), {
      what: 'kirin to listen',
      details: () => `${toml}\n${kirin.log()}`,
    });
    const observed = await observe(site, ports, values);
    await kirin.stop();
    return { ...observed, missing, toml };
  } catch (error) {
    console.error(`${toml}\n--- log of kirin ---\n${kirin.log()}`);
    kirin.discard();
    throw error;
  }
}

/** Directives without an equivalent. */
function migrate(configuration: string, folder: string): readonly string[] {
  const report = join(folder, 'report.json');
  const words = [
    'migrate',
    'nginx',
    configuration,
    '--json',
    '--report',
    report,
    '--prefix',
    folder,
    '-o',
    join(folder, 'kirin.toml'),
  ];
  try {
    execFileSync(process.execPath, [join(projectRoot, 'bin/kirin.js'), ...words], {
      cwd: folder,
      stdio: 'pipe',
    });
  } catch (error) {
    if ((error as { status?: number }).status !== 3) throw error;
  }
  const { directives } = JSON.parse(readFileSync(report, 'utf8')) as {
    directives: readonly { outcome: string; directive: string; notes: readonly string[] }[];
  };
  return directives
    .filter(({ outcome }) => outcome === 'missing')
    .map(({ directive, notes }) => `${directive}: ${notes.join('; ')}`);
}

async function observe(site: SiteCase, ports: Ports, values: Values): Promise<Observed> {
  const named: readonly (readonly [string, string])[] = [
    ...PORTS.filter((name) => ports[name] > 0).map((name) => [String(ports[name]), name] as const),
    ...Object.entries(values)
      .filter(([, value]) => value !== '')
      .map(([name, value]) => [value, name] as const),
  ];
  const facts: Facts[] = [];
  const answering = new Set<string>();
  for (const asked of site.asked) {
    const response = await ask(asked, ports);
    facts.push(factsOf(response, named, site.isSpread === true));
    for (const [name, value] of response.fields) if (name.toLowerCase() === 'x-backend') answering.add(value);
  }
  return { facts, answering: answering.size };
}

async function ask(asked: Asked, ports: Ports): Promise<Shown> {
  if (asked.isHttp2) return askByHttp2(asked, ports.SECURE);
  const { method = 'GET', host = 'shop.example', target, fields = [], body = '', port = 'LISTEN' } = asked;
  const length = body === '' ? [] : [`Content-Length: ${Buffer.byteLength(body)}`];
  const hop = asked.isUpgrade ? ['Connection: Upgrade', 'Upgrade: websocket'] : ['Connection: close'];
  const lines = [`${method} ${target} HTTP/1.1`, `Host: ${host}`, ...hop, ...fields, ...length];
  const tls = port === 'SECURE' ? { tls: { rejectUnauthorized: false, servername: host } } : {};
  const connection = await RawConnection.open({ port: ports[port], ...tls });
  try {
    connection.send(`${lines.join('\r\n')}\r\n\r\n${body}`);
    const response = await connection.readResponse({ method });
    if (response.status !== 101) return response;
    connection.send('echoed\n');
    const told = `one ${target}\nechoed\n`;
    return { ...response, body: await connection.peek(told.length) };
  } finally {
    connection.destroy();
  }
}

async function askByHttp2(
  { method = 'GET', host = 'shop.example', target }: Asked,
  port: number,
): Promise<Shown> {
  const session = openHttp2(port, { rejectUnauthorized: false, servername: host });
  try {
    const head = { ':method': method, ':path': target, ':authority': host, ':scheme': 'https' };
    const { status, fields, body } = await answerOf(request(session, head));
    const plain = Object.entries(fields).filter(([name]) => !name.startsWith(':'));
    return { status, body, fields: plain.map(([name, value]) => [name, String(value)] as const) };
  } finally {
    session.destroy();
  }
}
