// Who is measured: one row a server. Each serves one WSGI application on a port of the loopback interface.

import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { App } from './apps.ts';
import { NODE_COPY } from './environment.ts';

/** What a server is started with. */
export interface Setting {
  readonly app: App;
  /** Folder of the application's module. */
  readonly appsFolder: string;
  readonly port: number;
  readonly workers: number;
  readonly threads: number;
  /** Folder of the virtual environment that all servers share. */
  readonly venv: string;
  /** An empty folder of the server's own. */
  readonly folder: string;
  readonly profile: string | null;
  /** For Kirin alone. */
  readonly kirinOptions: readonly string[];
}

export interface Command {
  readonly argv: readonly [string, ...string[]];
  readonly env?: Readonly<Record<string, string>>;
}

interface Server {
  readonly title: string;
  /** The program that must exist: below the venv's bin, in the PATH, or as a path. */
  readonly program: string;
  /** Writes its configuration if it needs one; its processes, in the order in which to start them. */
  readonly start: (setting: Setting) => readonly Command[];
}

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
export const KIRIN = join(ROOT, 'bin/kirin.js');
const PROFILE_HOOK = new URL('./profile-hook.js', import.meta.url).href;
const FLOOR = fileURLToPath(new URL('./floor.js', import.meta.url));
export const APPS_FOLDER = join(ROOT, 'benchmarks/whole/apps');

const SERVERS = {
  kirin: { title: 'Kirin', program: join(ROOT, 'dist/cli/main.js'), start: startKirin },
  'gunicorn-sync': {
    title: 'Gunicorn sync',
    program: 'gunicorn',
    start: (setting) => [gunicorn(setting, 'sync', `127.0.0.1:${setting.port}`)],
  },
  'gunicorn-gthread': {
    title: 'Gunicorn gthread',
    program: 'gunicorn',
    start: (setting) => [gunicorn(setting, 'gthread', `127.0.0.1:${setting.port}`)],
  },
  'nginx-gunicorn': { title: 'nginx + Gunicorn sync', program: 'nginx', start: startNginxAndGunicorn },
  uwsgi: { title: 'uWSGI', program: 'uwsgi', start: (setting) => [uwsgi(setting, '--http11-socket')] },
  'uwsgi-router': {
    title: 'uWSGI, its HTTP router',
    program: 'uwsgi',
    start: (setting) => [uwsgi(setting, '--http-keepalive', '--http')],
  },
  granian: { title: 'Granian', program: 'granian', start: startGranian },
  unit: { title: 'NGINX Unit', program: 'unitd', start: startUnit },
  floor: { title: 'floor: bare node:net', program: FLOOR, start: startFloor },
} as const satisfies Record<string, Server>;

export type ServerName = keyof typeof SERVERS;

export const SERVER_NAMES = Object.keys(SERVERS) as readonly ServerName[];

export function serverOf(name: ServerName): Server {
  return SERVERS[name];
}

/** Whether its program is there. */
export function isInstalled(name: ServerName, venv: string): boolean {
  const { program } = SERVERS[name];
  const folders = [join(venv, 'bin'), ...(process.env.PATH ?? '').split(delimiter)];
  return program.startsWith('/')
    ? existsSync(program)
    : folders.some((folder) => existsSync(join(folder, program)));
}

function startKirin(setting: Setting): readonly Command[] {
  const { app, appsFolder, port, workers, threads, venv, profile, kirinOptions } = setting;
  return [
    {
      argv: [
        NODE_COPY,
        KIRIN,
        ...['--python', join(venv, 'bin/python'), '-w', `${workers}`, '--threads', `${threads}`],
        ...['-b', `127.0.0.1:${port}`, '--chdir', appsFolder, ...kirinOptions, `${app.module}:app`],
      ],
      env:
        profile === null ? {} : { NODE_OPTIONS: `--import=${PROFILE_HOOK}`, BENCH_PROFILE: resolve(profile) },
    },
  ];
}

function gunicorn({ app, appsFolder, workers, threads, venv }: Setting, kind: string, bind: string): Command {
  return {
    argv: [
      join(venv, 'bin/gunicorn'),
      ...['-k', kind, '-w', `${workers}`, '-b', bind, '--chdir', appsFolder],
      // Gunicorn turns sync workers with threads into gthread ones.
      ...(kind === 'gthread' ? ['--threads', `${threads}`] : []),
      `${app.module}:app`,
    ],
  };
}

function startNginxAndGunicorn(setting: Setting): readonly Command[] {
  const { folder, port } = setting;
  const socket = join(folder, 'gunicorn.sock');
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (kind) => `${kind}_temp_path ${join(folder, kind)};`,
  );
  const user = process.getuid?.() === 0 ? 'user root;' : '';
  const config = join(folder, 'nginx.conf');
  writeFileSync(
    config,
    `${user} daemon off; worker_processes auto; pid ${join(folder, 'nginx.pid')}; error_log stderr warn;
events { worker_connections 4096; }
http {
  access_log off; client_max_body_size 0; ${temporary.join(' ')}
  server {
    listen 127.0.0.1:${port} backlog=2048;
    location / {
      proxy_pass http://unix:${socket};
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header X-Forwarded-Proto $scheme;
    }
  }
}
`,
  );
  return [
    gunicorn(setting, 'sync', `unix:${socket}`),
    { argv: ['nginx', '-p', folder, '-e', 'stderr', '-c', config] },
  ];
}

function uwsgi(
  { app, appsFolder, port, workers, threads, venv }: Setting,
  ...listen: readonly string[]
): Command {
  return {
    argv: [
      join(venv, 'bin/uwsgi'),
      ...[...listen, `127.0.0.1:${port}`, '--listen', '1024'],
      ...['--master', '--die-on-term', '--disable-logging', '--need-app'],
      ...['--processes', `${workers}`, '--threads', `${threads}`],
      ...['--chdir', appsFolder, '--module', `${app.module}:app`],
    ],
  };
}

function startGranian({ app, appsFolder, port, workers, threads, venv }: Setting): readonly Command[] {
  return [
    {
      argv: [
        join(venv, 'bin/granian'),
        ...['--interface', 'wsgi', '--host', '127.0.0.1', '--port', `${port}`],
        ...['--workers', `${workers}`, '--blocking-threads', `${threads}`, '--working-dir', appsFolder],
        ...['--log-level', 'warning', `${app.module}:app`],
      ],
    },
  ];
}

function startUnit({ app, appsFolder, port, workers, threads, venv, folder }: Setting): readonly Command[] {
  const state = join(folder, 'state');
  mkdirSync(state);
  writeFileSync(
    join(state, 'conf.json'),
    JSON.stringify({
      settings: { http: { max_body_size: 2_000_000_000 } },
      listeners: { [`127.0.0.1:${port}`]: { pass: 'applications/app' } },
      applications: {
        app: {
          type: 'python',
          home: venv,
          path: appsFolder,
          module: app.module,
          callable: 'app',
          processes: workers,
          threads,
          ...(process.getuid?.() === 0 ? { user: 'root', group: 'root' } : {}),
        },
      },
    }),
  );
  return [
    {
      argv: [
        'unitd',
        ...['--no-daemon', '--user', 'root', '--statedir', state, '--tmpdir', folder],
        ...['--control', `unix:${join(folder, 'control.sock')}`, '--pid', join(folder, 'unit.pid')],
        ...['--log', '/dev/stderr'],
      ],
    },
  ];
}

function startFloor({ app, port }: Setting): readonly Command[] {
  return [{ argv: [NODE_COPY, FLOOR, `${port}`, `${app.uploadBytes}`, `${app.expectedBody.length}`] }];
}
