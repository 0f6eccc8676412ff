// Who is measured: one row a server. Each serves one folder at / on a port of the loopback interface, with one process that does it.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { APPS_FOLDER, KIRIN } from '../whole/servers.ts';

export interface Setting {
  readonly files: string;
  readonly port: number;
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
  kirin: {
    title: 'Kirin',
    program: 'node',
    debianPackage: null,
    argv: ({ files, port }) => [
      process.execPath,
      ...[
        KIRIN,
        '--bind',
        `127.0.0.1:${port}`,
        '--chdir',
        APPS_FOLDER,
        '--static',
        `/=${files}`,
        'hello:app',
      ],
    ],
  },
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
    argv: ({ files, port }) => ['caddy', 'file-server', '--root', files, '--listen', `127.0.0.1:${port}`],
    // As one edge and one nginx worker have.
    env: { GOMAXPROCS: '1' },
  },
} as const satisfies Record<string, Server>;

export type ServerName = keyof typeof SERVERS;

export const SERVER_NAMES = Object.keys(SERVERS) as readonly ServerName[];

export const serverOf = (name: ServerName): Server => SERVERS[name];

function nginx({ files, port, folder }: Setting, more: string): readonly [string, ...string[]] {
  const config = join(folder, 'nginx.conf');
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => {
    mkdirSync(join(folder, name));
    return `${name}_temp_path ${join(folder, name)};`;
  });
  writeFileSync(
    config,
    `daemon off; worker_processes 1; pid ${join(folder, 'nginx.pid')}; error_log stderr warn;
${process.getuid?.() === 0 ? 'user root;' : ''}
events { worker_connections 1024; }
http {
  access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000000; ${more}
  ${temporary.join(' ')}
  server { listen 127.0.0.1:${port} backlog=2048; location / { root ${files}; } }
}
`,
  );
  return ['nginx', '-p', folder, '-e', 'stderr', '-c', config];
}
