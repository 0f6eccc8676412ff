import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigError } from '../../../src/config/config-error.ts';
import { resolveSettings } from '../../../src/config/resolve.ts';
import { machine } from './fake-machine.ts';

type Fake = Parameters<typeof machine>[0];

function resolve(argv: string[], env: Record<string, string> = {}, fake: Fake = {}) {
  const folders = ['/srv/app', '/srv/app/sub', '/opt/site'];
  return resolveSettings({ argv, env, cwd: '/srv/app', machine: machine({ folders, ...fake }) });
}

function failure(argv: string[], env: Record<string, string> = {}, fake: Fake = {}): ConfigError {
  try {
    resolve(argv, env, fake);
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  throw new Error('resolved without complaint');
}

const bound = (...args: Parameters<typeof resolve>): string[] =>
  resolve(...args).settings.bind.map(({ text }) => text);

test('without anything the defaults are Gunicorn’s, but for keep-alive', () => {
  const { settings, sources } = resolve([]);
  assert.deepEqual(bound([]), ['127.0.0.1:8000']);
  assert.deepEqual(settings.workers, { min: 1, max: 1 });
  assert.equal(settings.timeout, 30);
  assert.equal(settings.graceful_timeout, 30);
  assert.equal(settings.keepalive, 75);
  assert.equal(settings.backlog, 2048);
  assert.equal(settings.chdir, '/srv/app');
  assert.deepEqual(settings.forwarded_allow_ips, ['127.0.0.1', '::1']);
  assert.equal(settings.wsgi_app, null);
  assert.equal(sources.workers, 'default');
});

test('the stronger source wins: command line, KIRIN_CMD_ARGS, GUNICORN_CMD_ARGS, a variable of its own, default', () => {
  const env = {
    WEB_CONCURRENCY: '2',
    GUNICORN_CMD_ARGS: '-w 3 --threads 3',
    KIRIN_CMD_ARGS: "-w 4 -n 'My App'",
  };
  const workers = (argv: string[], from: Record<string, string>) => {
    const { settings, sources } = resolve(argv, from);
    return [settings.workers.max, sources.workers];
  };
  assert.deepEqual(workers(['-w', '5'], env), [5, 'the command line']);
  assert.deepEqual(workers([], env), [4, 'KIRIN_CMD_ARGS']);
  assert.deepEqual(workers([], { ...env, KIRIN_CMD_ARGS: '' }), [3, 'GUNICORN_CMD_ARGS']);
  assert.deepEqual(workers([], { WEB_CONCURRENCY: '2' }), [2, 'WEB_CONCURRENCY']);
  assert.deepEqual(workers([], { WEB_CONCURRENCY: '' }), [1, 'default']);
  assert.equal(resolve([], env).settings.threads, 3, 'a weaker source still sets what no stronger one does');
  assert.equal(resolve([], env).settings.proc_name, 'My App');
});

test('variables that each set one setting are read as hosting platforms set them', () => {
  assert.deepEqual(bound([], { PORT: '5000' }), ['0.0.0.0:5000']);
  assert.deepEqual(bound(['-b', ':80'], { PORT: '5000' }), [':80']);
  assert.deepEqual(resolve([], { FORWARDED_ALLOW_IPS: '*' }).settings.forwarded_allow_ips, ['*']);
  assert.equal(resolve([], { SCRIPT_NAME: '/shop' }).settings.script_name, '/shop');
});

test('-e SCRIPT_NAME mounts the application as the variable does', () => {
  const { settings } = resolve(['-e', 'SCRIPT_NAME=/blog'], { SCRIPT_NAME: '/shop' });
  assert.equal(settings.script_name, '/blog');
  assert.deepEqual(settings.raw_env, ['SCRIPT_NAME=/blog']);
});

test('settings that may be repeated add up within a source, and replace those of a weaker one', () => {
  assert.deepEqual(bound(['-b', ':1', '-b', ':2,:3']), [':1', ':2', ':3']);
  assert.deepEqual(bound(['-b', ':1'], { GUNICORN_CMD_ARGS: '-b :9' }), [':1']);
  assert.deepEqual(resolve(['-e', 'A=1', '--env=B=2']).settings.raw_env, ['A=1', 'B=2']);
  assert.equal(resolve(['-w', '1', '-w', '2']).settings.workers.max, 2, 'of others the last counts');
});

test('what may wait, and where it may run, has defaults that bound it', () => {
  const { settings } = resolve([]);
  assert.equal(settings.queue_limit, 2048);
  assert.equal(settings.queue_timeout, 30);
  assert.equal(settings.steal_after, 0.005);
  assert.deepEqual(settings.lane_limit, []);
  assert.deepEqual(settings.lane_reserve, []);
  assert.equal(settings.request_start_header, false);
});

test('the queue is bounded by whole numbers and seconds, 0 for none', () => {
  const { settings } = resolve(['--queue-limit', '0', '--queue-timeout=0', '--steal-after', '0']);
  assert.deepEqual([settings.queue_limit, settings.queue_timeout, settings.steal_after], [0, 0, 0]);
  assert.equal(resolve(['--queue-limit', '1']).settings.queue_limit, 1);
  assert.equal(resolve(['--queue-timeout', '0.001']).settings.queue_timeout, 0.001);
  assert.equal(resolve(['--queue-timeout', '2147483']).settings.queue_timeout, 2_147_483);
  assert.match(failure(['--queue-limit', '-1']).message, /setting queue_limit.*must be 0 or more/);
  assert.match(failure(['--queue-limit', '0.5']).message, /not a whole number; give one such as 2048/);
  assert.match(failure(['--queue-timeout', '-0.1']).message, /setting queue_timeout.*0 or more/);
  assert.match(failure(['--queue-timeout', '2147484']).message, /24 days/);
  assert.match(failure(['--steal-after', '0.0001']).message, /setting steal_after.*0\.001 seconds or more/);
});

test('rules for lanes add up', () => {
  const { settings } = resolve(['--lane-limit', '/reports/*=2', '--lane-limit', 'POST /upload=1', '-w', '4']);
  assert.deepEqual(settings.lane_limit, [
    { method: null, path: '/reports/*', lanes: 2 },
    { method: 'POST', path: '/upload', lanes: 1 },
  ]);
  assert.match(
    failure(['--lane-limit', 'reports=2']).message,
    /^--lane-limit 'reports=2' \(setting lane_limit, from the command line\): .* did you mean '\/reports'\?/,
  );
});

test('reserved lanes leave one to other requests', () => {
  const reserve = ['--lane-reserve', '/a=2', '--lane-reserve', '/b=1'];
  assert.equal(resolve([...reserve, '-w', '2', '--threads', '2']).settings.lane_reserve.length, 2);
  assert.equal(
    failure([...reserve, '-w', '3']).message,
    'lane_reserve (from the command line) keeps 3 lanes free, and there are 3 (workers x threads): other requests would never run; give more of them, or reserve fewer',
  );
});

test('reserved lanes leave one also while a range of workers is at its least', () => {
  const reserve = ['--lane-reserve', '/a=2'];
  assert.match(
    failure([...reserve, '-w', '2..8']).message,
    /keeps 2 lanes free, and there are 2 \(workers x threads\)/,
  );
  assert.equal(resolve([...reserve, '-w', '3..8']).settings.lane_reserve.length, 1);
});

test('no more lanes are reserved for requests than they may use', () => {
  const both = (limit: number, reserve: number) => [
    ...['-w', '9', '--lane-limit', `GET /a=${limit}`],
    ...['--lane-reserve', `GET /a=${reserve}`, '--lane-reserve', '/a=3'],
  ];
  assert.equal(resolve(both(2, 2)).settings.lane_limit.length, 1);
  assert.equal(
    failure(both(1, 2)).message,
    "lane_reserve keeps 2 lanes free for 'GET /a', and lane_limit lets such requests use 1: reserve no more than the limit",
  );
});

test('workers auto is two for each core that is granted, and one', () => {
  assert.equal(resolve(['-w', 'auto'], {}, { cores: 4 }).settings.workers.max, 9);
  assert.equal(resolve([], { WEB_CONCURRENCY: 'auto' }, { cores: 1 }).settings.workers.max, 3);
});

test('workers may be a range, also from the variable', () => {
  assert.deepEqual(resolve(['-w', '2..8']).settings.workers, { min: 2, max: 8 });
  assert.deepEqual(resolve([], { WEB_CONCURRENCY: '1..auto' }, { cores: 4 }).settings.workers, {
    min: 1,
    max: 9,
  });
  assert.equal(
    failure(['-w', '8..2']).message,
    "-w '8..2' (setting workers, from the command line): the smaller number comes first: 2..8",
  );
});

test('the application is the one argument, also from the weaker sources', () => {
  assert.equal(resolve(['-w', '2', 'hello:app']).settings.wsgi_app, 'hello:app');
  assert.equal(resolve(['a:b'], { KIRIN_CMD_ARGS: 'c:d' }).settings.wsgi_app, 'a:b');
  assert.equal(resolve([], { KIRIN_CMD_ARGS: 'c:d' }).settings.wsgi_app, 'c:d');
  assert.equal(
    failure(['a:b', 'c:d']).message,
    "one APP_MODULE is expected: after 'a:b' there is also 'c:d'",
  );
});

test('chdir is made absolute and must exist', () => {
  assert.equal(resolve(['--chdir', 'sub']).settings.chdir, '/srv/app/sub');
  assert.equal(resolve(['--chdir', '/opt/./site']).settings.chdir, '/opt/site');
  const error = failure(['--chdir', 'nowhere']);
  assert.equal(error.message, "--chdir 'nowhere' (setting chdir, from the command line): no such folder");
  assert.equal(error.exitCode, 1);
});

test('a wrong value names the setting, the value, where it was read, and what would be right', () => {
  assert.equal(
    failure(['-t', 'soon']).message,
    "-t 'soon' (setting timeout, from the command line): not a number of seconds; give one such as 30 or 0.5",
  );
  assert.equal(
    failure([], { GUNICORN_CMD_ARGS: '--workers x' }).message,
    "--workers 'x' (setting workers, from GUNICORN_CMD_ARGS): not a whole number; give one such as 4",
  );
  assert.equal(
    failure([], { WEB_CONCURRENCY: 'many' }).message,
    "workers 'many' (from the variable WEB_CONCURRENCY): not a whole number; give one such as 4",
  );
  assert.match(
    failure([], { PORT: 'http' }).message,
    /^bind '0\.0\.0\.0:http' \(from the variable PORT\): 'http' is no port/,
  );
});

test('several errors are reported together; their form decides the exit code', () => {
  const error = failure(['-w', 'x', '--chdir', '/nope', '--bnid', ':80']);
  assert.equal(error.message.split('\n').length, 3);
  assert.equal(error.exitCode, 2);
  assert.equal(failure(['-w', '0', '--chdir', '/nope']).exitCode, 1);
});

test('a value that a stronger source replaces is not complained about', () => {
  assert.equal(resolve(['-w', '2'], { WEB_CONCURRENCY: 'x' }).settings.workers.max, 2);
});

test('a variable with options that cannot be read is named', () => {
  assert.equal(
    failure([], { GUNICORN_CMD_ARGS: "--name 'x" }).message,
    "GUNICORN_CMD_ARGS: its value holds a ' that is never closed",
  );
  assert.equal(
    failure([], { KIRIN_CMD_ARGS: '--bnid :80' }).message,
    'KIRIN_CMD_ARGS: no such option: --bnid; did you mean --bind?',
  );
});

test('only root may switch to another user or group', () => {
  const files = { '/etc/passwd': 'www:x:33:33::/:\n', '/etc/group': 'web:x:44:\n' };
  const { settings } = resolve(['-u', 'www', '-g', 'web'], {}, { files });
  assert.deepEqual([settings.user, settings.group], [33, 44]);
  const error = failure(['-u', 'www', '-g', '44'], {}, { files, uid: 1000, gid: 1000 });
  assert.match(error.message, /^user 33 \(from the command line\): only root may switch users/);
  assert.match(error.message, /\ngroup 44 .*: only root may switch groups/);
  assert.equal(resolve(['-u', '1000'], {}, { uid: 1000, gid: 1000 }).settings.user, 1000);
});

test('what deployment guides type is understood', () => {
  const lines: [string, (settings: ReturnType<typeof resolve>['settings']) => unknown, unknown][] = [
    ['--bind 0.0.0.0:5000 web_flask.0-hello_route:app', (s) => s.wsgi_app, 'web_flask.0-hello_route:app'],
    ['-b 0.0.0.0:8080 wsgi', (s) => s.wsgi_app, 'wsgi'],
    ['main:app -b 127.0.0.1:8000 --name=MyApp --workers=3 --reload --user=0', (s) => s.workers.max, 3],
    ['-w 4 -b 0.0.0.0 hello:create_app()', (s) => s.bind[0]?.text, '0.0.0.0'],
    ['-w 2 --forwarded-allow-ips=127.0.0.1 app:app', (s) => s.forwarded_allow_ips.join(), '127.0.0.1'],
  ];
  for (const [line, value, expected] of lines) {
    assert.equal(value(resolve(line.split(' ')).settings), expected, line);
  }
});
