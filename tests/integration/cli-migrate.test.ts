import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { AppFolder, answering } from '../support/app-folder.ts';
import { installCommand } from '../support/commands-folder.ts';
import { findFreePort } from '../support/free-port.ts';
import { withKirin } from '../support/kirin.ts';
import { projectRoot, testVenv } from '../support/project.ts';
import { makeTemporaryFolder, removeFolder } from '../support/temporary-folder.ts';

const SHOP = `server {
    listen 8000;
    server_name shop.example;
    location /static/ {
        alias /srv/static/;
        expires 1d;
    }
    location = /robots.txt { return 200 "User-agent: *"; }
    location /old { sub_filter a b; return 301 /new; }
}
`;
const NGINX = 'user www-data;\nevents { worker_connections 768; }\nhttp {\n  include sites-enabled/*;\n}\n';
const GUNICORN = `
upstream app_server { server unix:/run/gunicorn.sock fail_timeout=0; }
server {
    listen 127.0.0.1:PORT;
    server_name shop.example;
    root FOLDER/static;
    location /static/ { alias FOLDER/static/; }
    location / { try_files $uri @proxy_to_app; }
    location @proxy_to_app {
        proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
        proxy_set_header Host $http_host;
        proxy_redirect off;
        proxy_pass http://app_server;
    }
}
`;
const MISTAKEN = 'server {\n    listen 8000;\n    server_name shop.example\n    root /srv\n}\n';

describe('kirin migrate nginx', () => {
  let folder: string;
  let PATH: string;

  before(() => {
    folder = makeTemporaryFolder();
    PATH = installCommand(folder);
    mkdirSync(join(folder, 'sites-enabled'));
    writeFileSync(join(folder, 'nginx.conf'), NGINX);
    writeFileSync(join(folder, 'sites-enabled/shop'), SHOP);
    writeFileSync(join(folder, 'mistaken'), MISTAKEN);
    writeFileSync(join(folder, 'snippet'), 'location / { return 204; }\n');
    writeFileSync(join(folder, 'plain'), 'server { listen 8000; return 204; }');
    writeFileSync(join(folder, 'shop.py'), 'def app(environ, start_response): pass\n');
  });
  after(() => removeFolder(folder));

  function run(line: string, input = '') {
    const env = { ...process.env, PATH, VIRTUAL_ENV: testVenv, PYTHONDONTWRITEBYTECODE: '1' };
    const ended = spawnSync('/bin/sh', ['-c', line], { cwd: folder, env, input, encoding: 'utf8' });
    return { code: ended.status, stdout: ended.stdout, stderr: ended.stderr };
  }

  it('writes what Kirin reads, and reports each directive with its place', () => {
    const { code, stdout, stderr } = run('kirin migrate nginx --app shop:app nginx.conf');
    assert.equal(code, 3);
    assert.match(stdout, /^app = "shop:app"$/m);
    assert.match(stdout, /^path = "\/static\/"\nfiles = \{ folder = "\/srv\/static", expires = "1d" \}$/m);
    assert.match(
      stderr,
      /^\d+ directives in 2 files: \d+ carried over, \d+ differ, 1 without an equivalent$/m,
    );
    assert.match(
      stderr,
      /^Has no equivalent:\n {2}\S+\/sites-enabled\/shop:9 {2}sub_filter a b\n {6}bodies are not changed\n/m,
    );
    assert.match(stderr, /^ {2}\S+\/nginx\.conf:1 {2}user www-data\n/m);
    writeFileSync(join(folder, 'kirin.toml'), stdout);
    assert.deepEqual(run('kirin --check-config').code, 0);
  });

  it('ends with 0 when all is carried over', () => {
    assert.equal(run('kirin migrate nginx plain').code, 0);
  });

  it('takes a site alone, one from standard input, and the dump of nginx -T', () => {
    const dump = `# configuration file /etc/nginx/nginx.conf:\n${NGINX}\n# configuration file /etc/nginx/sites-enabled/shop:\n${SHOP}`;
    const whole = run('kirin migrate nginx nginx.conf').stdout;
    const withoutComments = (text: string) => text.replace(/^#.*\n/gm, '');
    for (const [line, input] of [
      ['kirin migrate nginx sites-enabled/shop', ''],
      ['kirin migrate nginx -', SHOP],
      ['kirin migrate nginx -', dump],
    ] as const) {
      assert.equal(withoutComments(run(line, input).stdout), withoutComments(whole), line);
    }
  });

  it('replaces no file, unless it is told to', () => {
    writeFileSync(join(folder, 'there.toml'), 'mine');
    const refused = run('kirin migrate nginx plain -o there.toml');
    assert.deepEqual([refused.code, readFileSync(join(folder, 'there.toml'), 'utf8')], [1, 'mine']);
    assert.match(refused.stderr, /there\.toml is there; it is left as it is/);
    assert.equal(run('kirin migrate nginx plain -o there.toml --force --report there.txt').stderr, '');
    assert.match(readFileSync(join(folder, 'there.toml'), 'utf8'), /respond = 204/);
    assert.match(readFileSync(join(folder, 'there.txt'), 'utf8'), /Carried over:/);
  });

  it('reports as JSON', () => {
    const { stderr } = run('kirin migrate nginx --json plain');
    const { files, directives } = JSON.parse(stderr) as {
      files: string[];
      directives: Record<string, unknown>[];
    };
    assert.deepEqual(files, [join(folder, 'plain')]);
    assert.deepEqual(directives.at(-1), {
      outcome: 'carried',
      file: join(folder, 'plain'),
      line: 1,
      column: 23,
      directive: 'return 204',
      notes: [],
    });
  });

  it('says at the end of the report what is to be looked at, and how the file is checked', () => {
    const { stderr } = run('kirin migrate nginx nginx.conf -o checked.toml');
    const end =
      /\n\nchecked\.toml is written: look at 1 without an equivalent, and (\d) that differ\. To check it: (.*)\n$/;
    const [, , command = ''] = end.exec(stderr) ?? [];
    assert.equal(command, 'kirin --check-config -c checked.toml', stderr);
    assert.equal(run(command).code, 0);
    assert.match(
      run('kirin migrate nginx plain -o plain.toml').stderr,
      /\n\nplain\.toml is written: everything is carried over\. /,
    );
  });

  it('tells all mistakes with their places and causes, and writes nothing', () => {
    const { code, stdout, stderr } = run('kirin migrate nginx mistaken -o mistaken.toml');
    assert.deepEqual([code, stdout], [1, '']);
    assert.match(
      stderr,
      /mistaken:3:29: a semicolon is missing behind: server_name shop\.example\n\n {8}server_name/,
    );
    assert.match(stderr, /mistaken:4:14: a semicolon is missing behind: root \/srv\n/);
    assert.equal(run('test -e mistaken.toml').code, 1);
  });

  const misused: readonly (readonly [line: string, code: number, message: RegExp])[] = [
    ['kirin migrate', 2, /nothing to migrate from; nginx is known/],
    ['kirin migrate apache x', 2, /'apache' is not known; nginx is/],
    ['kirin migrate nginx', 2, /no FILE was given, such as \/etc\/nginx\/nginx\.conf/],
    ['kirin migrate nginx --ap shop:app plain', 2, /no such option: --ap; did you mean --app\?/],
    ['kirin migrate nginx absent', 1, /absent cannot be read: there is no such file/],
    ['kirin migrate nginx sites-enabled', 1, /sites-enabled cannot be read: it is a folder/],
    ['kirin migrate nginx shop.py', 1, /a semicolon is missing/],
    ['kirin migrate nginx snippet', 1, /there is no server \{ … \} in .*snippet\n+Give nginx\.conf/],
  ];
  for (const [line, code, message] of misused) {
    it(`says what is wrong with ${line}`, () => {
      const ended = run(line);
      assert.equal(ended.code, code, ended.stderr);
      assert.match(ended.stderr, message);
    });
  }

  it('makes what Kirin runs with the application, in the place of Gunicorn behind nginx', async () => {
    const site = new AppFolder({ 'hello.py': answering('the application') });
    try {
      site.writeIn('static', 'a.txt', 'a file');
      const port = await findFreePort();
      site.write('shop.conf', GUNICORN.replaceAll('FOLDER', site.path).replace('PORT', String(port)));
      assert.equal(
        run(`cd ${site.path} && kirin migrate nginx shop.conf --app hello:app -o kirin.toml`).code,
        0,
      );
      await withKirin({ bind: [], cwd: site.path }, async () => {
        const ask = async (path: string) => (await fetch(`http://127.0.0.1:${port}${path}`)).text();
        assert.equal(await ask('/'), 'the application');
        assert.equal(await ask('/static/a.txt'), 'a file');
        assert.equal(await ask('/a.txt'), 'a file');
        assert.equal(await ask('/b.txt'), 'the application');
      });
    } finally {
      site.remove();
    }
  });

  it('has a help', () => {
    assert.match(run('kirin migrate --help').stdout, /^usage: kirin migrate nginx \[OPTIONS\] FILE/);
  });

  it('does what the documentation shows', () => {
    const page = readFileSync(join(projectRoot, 'docs/migrate-from-nginx.md'), 'utf8');
    const commands = [...page.matchAll(/^ {4}(?:ssh www nginx -T \| )?(kirin migrate .*)$/gm)].map(
      ([, line]) => line as string,
    );
    assert.equal(commands.length, 2);
    for (const [index, command] of commands.entries()) {
      const line = command.replace('/etc/nginx/', '').replace('kirin.toml', `documented-${index}.toml`);
      assert.equal(run(line, SHOP).code, 3, line);
      assert.match(readFileSync(join(folder, `documented-${index}.toml`), 'utf8'), /robots\.txt/);
    }
    const [, shown = ''] = /^ {4}(\/etc\/nginx\/\S+: a semicolon .*)$/m.exec(page) ?? [];
    const [, place] = shown.split(/(?=:\d)/);
    assert.match(run('kirin migrate nginx mistaken').stderr, new RegExp(`mistaken${place}`));
  });
});
