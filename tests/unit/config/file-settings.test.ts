import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigError } from '../../../src/config/config-error.ts';
import { type FileReport, fileSettings, type ReportedValue } from '../../../src/config/file-settings.ts';
import { resolveSettings } from '../../../src/config/resolve.ts';
import { machine } from './fake-machine.ts';

type Value = ReportedValue['value'];

const none: FileReport = {
  settings: {},
  hooks: [],
  wrongHooks: [],
  others: [],
  environment: {},
  path: { front: [], back: [] },
  sslContext: null,
};

function file(
  values: Readonly<Record<string, Value | ReportedValue['object']>>,
  more: Partial<FileReport> = {},
) {
  const settings = Object.entries(values).map(([name, value]) => {
    const isObject = typeof value === 'object' && value !== null && 'type' in value;
    return [name, { text: `<${JSON.stringify(value)}>`, ...(isObject ? { object: value } : { value }) }];
  });
  return fileSettings('gunicorn.conf.py', { ...none, settings: Object.fromEntries(settings), ...more });
}

function resolve(values: Parameters<typeof file>[0], argv: string[] = [], env: Record<string, string> = {}) {
  const folders = ['/srv/app', '/srv/app/sub'];
  return resolveSettings({ argv, env, cwd: '/srv/app', machine: machine({ folders }) }, file(values));
}

function complaint(values: Parameters<typeof file>[0]): string {
  try {
    resolve(values);
  } catch (error) {
    if (error instanceof ConfigError) {
      assert.equal(error.exitCode, 1);
      return error.message;
    }
    throw error;
  }
  throw new Error('resolved without complaint');
}

const noticesOf = (...args: Parameters<typeof file>) => file(...args).notices.map(({ message }) => message);

test('Python values are taken as they are', () => {
  const { settings, sources } = resolve({
    workers: 3,
    timeout: 2.5,
    bind: ['127.0.0.1:1', 'unix:/run/a,b.sock'],
    preload_app: true,
    raw_env: ['A=1', 'B=x,y'],
    umask: 18,
    limit_request_body: 1000,
    forwarded_allow_ips: ['10.0.0.1', '10.1.0.0/16'],
    pythonpath: ['/a', '/b,c'],
    user: 1000,
    steal_after: 0.25,
    wsgi_app: 'hello:app',
  });
  assert.deepEqual(settings.workers, { min: 3, max: 3 });
  assert.equal(settings.timeout, 2.5);
  assert.deepEqual(
    settings.bind.map(({ text }) => text),
    ['127.0.0.1:1', 'unix:/run/a,b.sock'],
  );
  assert.equal(settings.preload_app, true);
  assert.deepEqual(settings.raw_env, ['A=1', 'B=x,y']);
  assert.equal(settings.umask, 0o22);
  assert.equal(settings.limit_request_body, 1000);
  assert.deepEqual(settings.forwarded_allow_ips, ['10.0.0.1', '10.1.0.0/16']);
  assert.deepEqual(settings.pythonpath, ['/a', '/b,c']);
  assert.equal(settings.user, 1000);
  assert.equal(settings.steal_after, 0.25);
  assert.equal(settings.wsgi_app, 'hello:app');
  assert.equal(sources.workers, 'gunicorn.conf.py');
});

test('texts are read as on the command line', () => {
  const { settings } = resolve({
    workers: '2..8',
    timeout: '30',
    bind: ':80,:81',
    reload: 'True',
    user: '7',
  });
  assert.deepEqual(settings.workers, { min: 2, max: 8 });
  assert.equal(settings.timeout, 30);
  assert.equal(settings.bind.length, 2);
  assert.equal(settings.reload, true);
  assert.equal(settings.user, 7);
});

test('a file is stronger than variables of one setting, and weaker than options', () => {
  const env = { WEB_CONCURRENCY: '2', PORT: '5000' };
  assert.equal(resolve({ workers: 3 }, [], env).settings.workers.max, 3);
  const args = { ...env, GUNICORN_CMD_ARGS: '-w 4' };
  assert.equal(resolve({ workers: 3 }, [], args).settings.workers.max, 4);
  assert.equal(resolve({ workers: 3 }, ['-w', '5'], args).settings.workers.max, 5);
  assert.equal(resolve({ wsgi_app: 'a:b' }, ['c:d']).settings.wsgi_app, 'c:d');
  assert.equal(resolve({ bind: [':9'] }, ['-b', ':1']).settings.bind.length, 1, 'lists do not add up');
});

test('None and empty lists are as good as absent, but where None means something', () => {
  const { settings, sources } = resolve(
    { bind: [], workers: null, timeout: null, accesslog: null, forwarded_allow_ips: null },
    [],
    { WEB_CONCURRENCY: '2', FORWARDED_ALLOW_IPS: '*' },
  );
  assert.equal(settings.bind.length, 1);
  assert.equal(settings.workers.max, 2);
  assert.equal(settings.timeout, 30);
  assert.equal(settings.accesslog, null);
  assert.equal(sources.accesslog, 'gunicorn.conf.py');
  assert.deepEqual(settings.forwarded_allow_ips, [], 'nobody is believed');
});

test('what proxies may say is taken as Python has it', () => {
  const { settings } = resolve({
    secure_scheme_headers: { 'X-Forwarded-Proto': 'https' },
    proxy_protocol: true,
    forwarder_headers: ['Remote_User'],
  });
  assert.deepEqual(settings.secure_scheme_headers, [['X-FORWARDED-PROTO', 'https']]);
  assert.equal(settings.proxy_protocol, 'auto');
  assert.deepEqual(settings.forwarder_headers, ['REMOTE_USER']);
  assert.equal(resolve({ proxy_protocol: false }).settings.proxy_protocol, 'off');
  assert.equal(resolve({ proxy_protocol: 'v2' }).settings.proxy_protocol, 'v2');
  assert.deepEqual(resolve({ forwarder_headers: null }).settings.forwarder_headers, []);
  assert.match(complaint({ secure_scheme_headers: ['X'] }), /: not a dict; give one such as/);
  assert.match(complaint({ secure_scheme_headers: { X: 1 } }), /: the value of 'X' is not a string$/);
  assert.match(complaint({ proxy_protocol: 3 }), /: not one of off, v1, v2, auto$/);
});

test('True and False are numbers, as in Python', () => {
  const { settings } = resolve({ keepalive: false, workers: true });
  assert.deepEqual([settings.keepalive, settings.workers.max], [0, 1]);
});

test('a wrong value names the setting, the value, the file, and what would be right', () => {
  assert.equal(
    complaint({ timeout: 'soon' }),
    'timeout = <"soon"> (in gunicorn.conf.py): not a number of seconds; give one such as 30 or 0.5',
  );
  assert.equal(complaint({ workers: 0 }), 'workers = <0> (in gunicorn.conf.py): must be 1 or more');
  assert.match(complaint({ workers: 2.5 }), /: not a whole number; give one such as 4$/);
  assert.match(complaint({ workers: [3] }), /: not a whole number/);
  assert.match(complaint({ bind: 8000 }), /: a number; give a str, or a list of them$/);
  assert.match(complaint({ bind: [':80', 81] }), /: a number; give a str/);
  assert.match(complaint({ raw_env: { A: '1' } }), /: a dict; give a str, or a list of them$/);
  assert.match(complaint({ chdir: 3 }), /: a number; give a str$/);
  assert.match(complaint({ reload: 1 }), /: not true or false$/);
  assert.match(complaint({ umask: 4096 }), /: must be from 0 to 0777$/);
  assert.match(complaint({ timeout: -1 }), /: must be 0 or more seconds$/);
  assert.match(complaint({ steal_after: 0.0001 }), /: must be 0, or 0\.001 seconds or more$/);
  assert.match(complaint({ limit_request_body: -1 }), /: not a size/);
  assert.match(complaint({ pythonpath: [1] }), /: not a list of folders; give a list of strings$/);
  assert.match(complaint({ forwarded_allow_ips: ['here'] }), /: 'here' is no address/);
  assert.match(complaint({ proc_name: { type: 'bytes', name: "b'x'" } }), /: of type bytes; give a str$/);
});

test('a misspelt setting gets a suggestion, a name of the file’s own none', () => {
  const other = (name: string, isFunction = false) => ({ others: [{ name, isFunction }] });
  assert.deepEqual(noticesOf({}, other('wrokers')), [
    'gunicorn.conf.py: wrokers is no setting; did you mean workers?',
  ]);
  assert.deepEqual(noticesOf({}, other('keep_alive')), [
    'gunicorn.conf.py: keep_alive is no setting; did you mean keepalive?',
  ]);
  assert.match(noticesOf({}, other('access_logfile')).join(), /did you mean accesslog\?/);
  assert.match(noticesOf({}, other('preload')).join(), /did you mean preload_app\?/);
  assert.match(noticesOf({}, other('post_frok', true)).join(), /did you mean post_fork\?/);
  for (const name of ['env', 'name', 'host', 'port', 'base_dir', 'max_memory', 'cores']) {
    assert.deepEqual(noticesOf({}, other(name)), [], name);
  }
  assert.deepEqual(noticesOf({ workers: 3 }, other('worker')), [], 'what it stands for is set');
  assert.deepEqual(noticesOf({}, other('workers_for', true)), []);
});

test('a hook that has no meaning here is not run, which a warning says', () => {
  const { hooks, notices } = file({}, { hooks: ['post_fork', 'dirty_post_fork', 'when_ready'] });
  assert.deepEqual(hooks, ['post_fork', 'when_ready']);
  assert.deepEqual(notices, [
    {
      level: 'warning',
      message: 'gunicorn.conf.py: the server hook dirty_post_fork is not run: Kirin has no dirty arbiters',
    },
  ]);
});

test('a hook that cannot be called is refused, with what it should be', () => {
  const wrongHooks = [{ name: 'post_request', text: '<f>', complaint: 'takes 1 argument' }];
  const input = { argv: [], env: {}, cwd: '/srv', machine: machine({ folders: ['/srv'] }) };
  assert.throws(
    () => resolveSettings(input, file({}, { hooks: ['post_request'], wrongHooks })),
    (error: ConfigError) => {
      assert.equal(error.exitCode, 1);
      return /^post_request = <f> \(in gunicorn.conf.py\): takes 1 argument; give a function such as def post_request\(worker, req, environ, resp\)$/.test(
        error.message,
      );
    },
  );
});
