import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigError } from '../../../src/config/config-error.ts';
import { fileSettings, type ReportedValue } from '../../../src/config/file-settings.ts';
import { resolveSettings } from '../../../src/config/resolve.ts';
import { withoutEffect } from '../../../src/config/sections/without-effect.ts';
import type { Setting } from '../../../src/config/setting.ts';
import { machine } from './fake-machine.ts';

function resolve(argv: string[], settings: Readonly<Record<string, ReportedValue>> = {}) {
  const file = fileSettings('conf.py', {
    settings,
    hooks: [],
    wrongHooks: [],
    others: [],
    environment: {},
    path: { front: [], back: [] },
    sslContext: null,
  });
  const input = { argv, env: {}, cwd: '/srv', machine: machine({ folders: ['/srv'] }) };
  return resolveSettings(input, file);
}

function complaint(...args: Parameters<typeof resolve>): string {
  try {
    resolve(...args);
  } catch (error) {
    if (error instanceof ConfigError) {
      assert.equal(error.exitCode, 1);
      return error.message;
    }
    throw error;
  }
  throw new Error('resolved without complaint');
}

const pythonClass = (name: string) => ({ text: `<class '${name}'>`, object: { type: 'type', name } });

test('sync and gthread are taken by all their names', () => {
  assert.equal(resolve(['-k', 'gthread']).settings.worker_class, 'gthread');
  assert.equal(resolve(['-k', 'gunicorn.workers.sync.SyncWorker']).settings.worker_class, 'sync');
  const given = pythonClass('gunicorn.workers.gthread.ThreadWorker');
  assert.equal(resolve([], { worker_class: given }).settings.worker_class, 'gthread');
  assert.deepEqual(resolve(['-k', 'gthread']).notices, []);
});

test('gevent is taken by all its names', () => {
  for (const name of [
    'gevent',
    'gevent_wsgi',
    'gevent_pywsgi',
    'egg:gunicorn#gevent',
    'gunicorn.workers.ggevent.GeventWorker',
    'gunicorn.workers.ggevent.GeventPyWSGIWorker',
  ]) {
    assert.equal(resolve(['-k', name]).settings.worker_class, 'gevent', name);
  }
});

test('gevent workers have a fixed number', () => {
  assert.match(
    complaint(['-k', 'gevent', '-w', '2..4']),
    /^workers 2\.\.4 \(from the command line\): .* give a number/,
  );
  assert.equal(resolve(['-k', 'gevent', '-w', '4..4']).settings.worker_class, 'gevent');
});

test('worker_connections is a number of requests, from 1 on', () => {
  assert.equal(resolve(['--worker-connections', '1']).settings.worker_connections, 1);
  assert.equal(resolve(['--worker-connections', '65535']).settings.worker_connections, 65_535);
  for (const bad of ['0', '65536', '-1']) {
    assert.match(complaint(['--worker-connections', bad]), /worker-connections/, bad);
  }
});

test('other worker classes are refused, each with what to use instead', () => {
  for (const [name, advice] of [
    ['shop.workers.GeventWorker', /of your own.*-k gevent/],
    ['eventlet', /eventlet is not supported.*gevent.*threads/],
    ['meinheld.gmeinheld.MeinheldWorker', /no such workers.*--threads/],
    ['tornado', /Tornado's own server/],
    ['uvicorn.workers.UvicornWorker', /ASGI is not supported yet; it is coming.*uvicorn.*wsgi\.py/],
    ['uvicorn.workers.UvicornH11Worker', /ASGI is not supported yet/],
    ['uvicorn_worker.UvicornWorker', /ASGI is not supported yet/],
    ['asgi', /ASGI is not supported yet/],
    ['shop.workers.Custom', /Kirin's workers are its own.*--threads/],
  ] as const) {
    assert.match(complaint(['-k', name]), advice, name);
  }
  assert.equal(
    complaint([], { worker_class: pythonClass('shop.Custom') }),
    "worker_class = <class 'shop.Custom'> (in conf.py): Kirin's workers are its own, and take no class; leave it out, and give --threads for more requests at once, or -k gevent",
  );
});

test('what has no effect is accepted, and said, unless it is the default', () => {
  const { notices } = resolve(['--worker-tmp-dir', '/dev/shm', '--worker-connections=1000', '--no-sendfile']);
  assert.deepEqual(notices, [
    {
      level: 'info',
      message:
        'sendfile (from the command line) has no effect: responses go through the edge, and workers send no files to sockets of clients',
    },
    {
      level: 'info',
      message:
        'worker_tmp_dir (from the command line) has no effect: workers have no heartbeat files; TMPDIR says where bodies are spooled',
    },
  ]);
  const constant = { text: '<_SSLMethod.PROTOCOL_TLS: 2>', value: 2 };
  assert.equal(resolve([], { ssl_version: constant }).notices.length, 1);
});

test('each setting without an effect is accepted, and said at info', () => {
  const rows = Object.entries(withoutEffect as Readonly<Record<string, Setting<unknown>>>);
  assert.ok(rows.length > 20);
  for (const [name, { flags, kind }] of rows) {
    if (flags.length === 0) continue;
    const words = kind.metavar === null ? [''] : ['7', '10.0.0.1'];
    const said = words.flatMap((word) => {
      try {
        return resolve([word === '' ? (flags[0] as string) : `${flags[0]}=${word}`]).notices;
      } catch {
        return [];
      }
    });
    // A switch may be given and mean what holds anyway.
    if (kind.metavar === null && said.length === 0)
      assert.equal(withoutEffect[name as 'reuse_port'].default, true);
    else
      assert.match(
        said[0]?.message ?? '',
        new RegExp(`^${name} \\(from the command line\\) has no effect: `),
      );
    assert.equal(said[0]?.level ?? 'info', 'info');
  }
});

test('what would have to have an effect is refused', () => {
  assert.equal(
    complaint(['--dirty-workers', '2', '--protocol', 'uwsgi']),
    "--protocol 'uwsgi' (setting protocol, from the command line): Kirin speaks HTTP alone; in nginx, write proxy_pass in place of uwsgi_pass\n" +
      "--dirty-workers '2' (setting dirty_workers, from the command line): Kirin has no dirty arbiters; run such work in a task queue",
  );
  assert.match(
    complaint([], { logger_class: pythonClass('shop.Logger') }),
    /^logger_class = .* \(in conf\.py\): requests are logged by the edge.*logconfig_dict does/,
  );
});

test('what is refused may have its default', () => {
  const { notices } = resolve(['--http-protocols', 'h1', '--protocol=http'], {
    certfile: { text: 'None', value: null },
    syslog: { text: 'False', value: false },
    logconfig_dict: { text: '{}', value: {} },
    cert_reqs: { text: '0', value: 0 },
    dirty_apps: { text: '[]', value: [] },
    http2_cleartext: { text: 'False', value: false },
    logger_class: pythonClass('gunicorn.instrument.statsd.Statsd'),
  });
  assert.deepEqual(notices, []);
});
