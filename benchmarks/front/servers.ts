// Who is measured: one row a server. Each serves one folder at /, what an upstream has at /upstream/, and a constant at /hello, without TLS on one
// port and with it on another of the loopback interface, with one process that does it.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { APPS_FOLDER, KIRIN } from '../whole/servers.ts';
import { HELLO } from './cells.ts';

export interface Setting {
  readonly files: string;
  readonly port: number;
  readonly tlsPort: number;
  /** Of a server of the same files; null: there is none, and nothing is at /upstream/. */
  readonly upstreamPort: number | null;
  readonly certificate: string;
  readonly key: string;
  /** An empty folder of the server's own. */
  readonly folder: string;
}

interface Server {
  readonly title: string;
  readonly program: string;
  readonly debianPackage: string | null;
  readonly argv: (setting: Setting) => readonly [string, ...string[]];
  readonly env?: Readonly<Record<string, string>>;
}

const SERVERS = {
  kirin: { title: 'Kirin', program: 'node', debianPackage: null, argv: kirin },
  nginx: {
    title: 'nginx',
    program: 'nginx',
    debianPackage: 'nginx-light',
    argv: (setting) => nginx(setting, ''),
  },
  'nginx-cache': {
    title: 'nginx, open_file_cache',
    program: 'nginx',
    debianPackage: 'nginx-light',
    argv: (setting) => nginx(setting, 'open_file_cache max=1000;'),
  },
  caddy: {
    title: 'Caddy, one processor',
    program: 'caddy',
    debianPackage: 'caddy',
    argv: caddy,
    // As one edge and one nginx worker have.
    env: { GOMAXPROCS: '1' },
  },
} as const satisfies Record<string, Server>;

export type ServerName = keyof typeof SERVERS;

export const SERVER_NAMES = Object.keys(SERVERS) as readonly ServerName[];

export const serverOf = (name: ServerName): Server => SERVERS[name];

/** Requests on a connection before it is closed: as good as no limit. */
const MANY = 1_000_000_000;

function kirin({ files, port, tlsPort, upstreamPort, certificate, key, folder }: Setting) {
  const config = join(folder, 'kirin.toml');
  const upstream =
    upstreamPort === null
      ? ''
      : `[[sites.routes]]
path = "/upstream"
proxy = "http://127.0.0.1:${upstreamPort}/"
`;
  writeFileSync(
    config,
    `app = "hello:app"
chdir = "${APPS_FOLDER}"
bind = ["http://127.0.0.1:${port}", "https://127.0.0.1:${tlsPort}"]
certfile = "${certificate}"
keyfile = "${key}"
http_protocols = "h2,h1"

[[sites]]
${upstream}[[sites.routes]]
exact = "/hello"
respond = ${JSON.stringify(HELLO)}
[[sites.routes]]
files = "${files}"
`,
  );
  return [process.execPath, KIRIN, '-c', config] as const;
}

function nginx(
  { files, port, tlsPort, upstreamPort, certificate, key, folder }: Setting,
  more: string,
): readonly [string, ...string[]] {
  const config = join(folder, 'nginx.conf');
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => {
    mkdirSync(join(folder, name));
    return `${name}_temp_path ${join(folder, name)};`;
  });
  const upstream =
    upstreamPort === null
      ? ''
      : `location /upstream/ { proxy_pass http://files/; proxy_http_version 1.1; proxy_set_header Connection ""; }`;
  const group =
    upstreamPort === null
      ? ''
      : `upstream files { server 127.0.0.1:${upstreamPort}; keepalive 128; keepalive_requests ${MANY}; }`;
  writeFileSync(
    config,
    `daemon off; worker_processes 1; pid ${join(folder, 'nginx.pid')}; error_log stderr warn;
${process.getuid?.() === 0 ? 'user root;' : ''}
events { worker_connections 2048; }
http {
  access_log off; sendfile on; tcp_nopush on; keepalive_requests ${MANY}; ${more}
  ${temporary.join(' ')}
  ${group}
  server {
    listen 127.0.0.1:${port} backlog=2048; listen 127.0.0.1:${tlsPort} ssl http2 backlog=2048;
    ssl_certificate ${certificate}; ssl_certificate_key ${key};
    location = /hello { default_type text/plain; return 200 "${HELLO.replace('\n', '\\n')}"; }
    ${upstream}
    location / { root ${files}; }
  }
}
`,
  );
  return ['nginx', '-p', folder, '-e', 'stderr', '-c', config];
}

function caddy({ files, port, tlsPort, upstreamPort, certificate, key, folder }: Setting) {
  const config = join(folder, 'Caddyfile');
  const routes = `handle /hello {
  respond "${HELLO}"
}
${
  upstreamPort === null
    ? ''
    : `handle_path /upstream/* {
  reverse_proxy 127.0.0.1:${upstreamPort} {
    transport http {
      keepalive_idle_conns_per_host 128
    }
  }
}`
}
handle {
  root * ${files}
  file_server
}`;
  writeFileSync(
    config,
    `{
  admin off
  auto_https off
  storage file_system ${folder}
}
http://127.0.0.1:${port} {
${routes}
}
https://127.0.0.1:${tlsPort} {
tls ${certificate} ${key}
${routes}
}
`,
  );
  return ['caddy', 'run', '--config', config, '--adapter', 'caddyfile'] as const;
}
