// What README.md and docs/ tell people to type or to paste, tried.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { COMMANDS } from '../../src/cli/commands.ts';
import { opensslIsMissing } from '../support/certificates.ts';
import { installCommand } from '../support/commands-folder.ts';
import { startKirin } from '../support/kirin.ts';
import { Nginx, nginxIsMissing } from '../support/nginx.ts';
import { projectRoot, testVenv } from '../support/project.ts';
import { makeTemporaryFolder, removeFolder } from '../support/temporary-folder.ts';

const SYSTEMD_ANALYZE = '/usr/bin/systemd-analyze';
/** Debian's package installs for Debian's interpreter. */
const SUPERVISOR_PYTHON = '/usr/bin/python3';
const hasSupervisor = spawnSync(SUPERVISOR_PYTHON, ['-c', 'import supervisor']).status === 0;

const APPLICATION = `
def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [environ["wsgi.url_scheme"].encode()]

application = app

def create_app(kind):
    return app
`;

const pages = [
  'README.md',
  ...readdirSync(join(projectRoot, 'docs/operate')).map((name) => `docs/operate/${name}`),
];
const deployment = readPage('docs/operate/deployment.md');

function readPage(path: string): string {
  return readFileSync(join(projectRoot, path), 'utf8');
}

/** The page's indented blocks, without their indentation. */
function blocks(page: string): string[] {
  const found = page.match(/^(?: {4}.*\n|\n(?= {4}))+/gm) ?? [];
  return found.map((block) => block.replace(/^ {4}/gm, '').trim());
}

function blockWith(start: string): string {
  const found = blocks(deployment).find((block) => block.startsWith(start));
  assert.ok(found, `docs/operate/deployment.md has no block that begins with ${start}`);
  return found;
}

const commands = pages.flatMap((path) =>
  blocks(readPage(path))
    .flatMap((block) => block.split('\n'))
    .map((line) => line.replace(/\s+#.*/, ''))
    .filter((line) => /^kirin .*\w+[.:]\w+/.test(line)),
);

/** What makes the files that the commands name. */
const preparations = blocks(readPage('docs/operate/tls.md'))
  .flatMap((block) => block.split('\n'))
  .filter((line) => line.startsWith('openssl req '));

describe('the documentation', () => {
  let folder: string;
  let PATH: string;

  before(() => {
    folder = makeTemporaryFolder();
    PATH = installCommand(folder);
    mkdirSync(join(folder, 'mysite'));
    for (const file of ['hello.py', 'shop.py', 'mysite/wsgi.py'])
      writeFileSync(join(folder, file), APPLICATION);
    if (opensslIsMissing) return;
    assert.ok(preparations.length > 0);
    for (const line of preparations) execFileSync('/bin/sh', ['-c', line], { cwd: folder, stdio: 'pipe' });
  });
  after(() => removeFolder(folder));

  it('has commands to try', () => assert.ok(commands.length >= 5, commands.join('\n')));

  for (const command of new Set(commands)) {
    const skip = command.includes('--certfile') && opensslIsMissing;
    it(`has a command that is accepted: ${command}`, { skip }, () => {
      const isCommand = Object.keys(COMMANDS).some((name) => command.startsWith(`kirin ${name} `));
      const line = isCommand ? command : command.replace(/^kirin/, 'kirin --check-config');
      const env = {
        XDG_DATA_HOME: join(folder, 'data'),
        ...process.env,
        PATH,
        VIRTUAL_ENV: testVenv,
        PYTHONDONTWRITEBYTECODE: '1',
      };
      const { status, stderr } = spawnSync('/bin/sh', ['-c', line], { cwd: folder, env, encoding: 'utf8' });
      assert.equal(status, 0, stderr);
    });
  }

  it('links to pages that exist', () => {
    for (const path of [...pages, 'docs/architecture.md', 'docs/lane-protocol.md', 'docs/benchmarks.md']) {
      for (const [, target = ''] of readPage(path).matchAll(/\]\((?!http)([^)#]+)/g)) {
        assert.ok(existsSync(join(projectRoot, path, '..', target)), `${path} links to ${target}`);
      }
    }
  });

  it('has a configuration for nginx that works', { skip: nginxIsMissing }, async () => {
    const socket = join(folder, 'kirin.sock');
    const location = blockWith('location /').replace('/run/kirin.sock', socket);
    assert.ok(location.includes(socket));
    const kirin = await startKirin({ app: 'hello:app', cwd: folder, bind: [`unix:${socket}`] });
    try {
      const nginx = await Nginx.start(`server { listen LISTEN; ${location} }`);
      try {
        const response = await fetch(nginx.url);
        assert.equal(await response.text(), 'http');
        assert.equal(response.status, 200);
      } finally {
        await nginx.stop();
      }
    } finally {
      await kirin.stop();
    }
  });

  it('has a program for supervisor that it can read', {
    skip: !hasSupervisor && 'supervisor is not installed',
  }, () => {
    const file = join(folder, 'supervisord.conf');
    writeFileSync(file, `[supervisord]\n${blockWith('[program:')}\n`.replace('user=www-data\n', ''));
    const read = [
      'import sys',
      'from supervisor.options import ServerOptions',
      'options = ServerOptions()',
      'options.realize(["-c", sys.argv[1]])',
      'program = options.process_group_configs[0].process_configs[0]',
      'print(program.command, program.stopsignal, program.stopwaitsecs, program.autorestart.__name__)',
    ].join('\n');
    const told = execFileSync(SUPERVISOR_PYTHON, ['-W', 'ignore', '-c', read, file], { encoding: 'utf8' });
    assert.match(told, /^\S+\/kirin -w 4 -b 127\.0\.0\.1:8000 shop:app 15 35 RestartUnconditionally$/m);
  });

  it('has a unit for systemd that it can read', {
    skip: !existsSync(SYSTEMD_ANALYZE) && 'systemd is not installed',
  }, () => {
    const file = join(folder, 'shop.service');
    writeFileSync(file, `${blockWith('[Service]')}\n`.replace(/\/\S+\/kirin/, join(folder, 'kirin')));
    const { status, stderr } = spawnSync(SYSTEMD_ANALYZE, ['verify', '--man=no', file], { encoding: 'utf8' });
    assert.equal(status, 0, stderr);
    assert.doesNotMatch(stderr, /shop\.service/);
  });
});
