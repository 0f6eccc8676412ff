import assert from 'node:assert/strict';
import { existsSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { AppFolder } from '../support/app-folder.ts';
import { Gunicorn, gunicornIsMissing } from '../support/gunicorn.ts';
import { KirinProcess, runKirin } from '../support/kirin.ts';
import { SyslogServer } from '../support/syslog-server.ts';
import { waitFor } from '../support/wait-for.ts';

const APP = `
import logging

log = logging.getLogger("shop.views")
log.info("loaded")

def app(environ, start_response):
    log.info("serving %s", environ["PATH_INFO"])
    log.debug("not shown")
    logging.getLogger("gunicorn.error").warning("the server's log, by the application")
    if environ["PATH_INFO"] == "/raises":
        raise ValueError("on purpose")
    start_response("200 OK", [("Content-Type", "text/plain"), ("X-Answer", "42")])
    return [b"hello"]
`;

const INI = `
[loggers]
keys=root, gunicorn.error, gunicorn.access, shop

[handlers]
keys=console, error_file, access_file

[formatters]
keys=generic, access

[logger_root]
level=INFO
handlers=console

[logger_gunicorn.error]
level=INFO
handlers=error_file
propagate=0
qualname=gunicorn.error

[logger_gunicorn.access]
level=INFO
handlers=access_file
propagate=0
qualname=gunicorn.access

[logger_shop]
level=INFO
handlers=console
propagate=0
qualname=shop

[handler_console]
class=StreamHandler
formatter=generic
args=(sys.stdout, )

[handler_error_file]
class=logging.FileHandler
formatter=generic
args=('error.log',)

[handler_access_file]
class=logging.handlers.WatchedFileHandler
formatter=access
args=('access.log',)

[formatter_generic]
format=%(levelname)s|%(name)s|%(message)s

[formatter_access]
format=access: %(message)s
`;

/** As Django's LOGGING is written. */
const dict = (formatter: object) => ({
  version: 1,
  disable_existing_loggers: false,
  formatters: {
    verbose: { format: '{levelname}|{name}|{message}', style: '{' },
    access: formatter,
  },
  handlers: {
    console: { class: 'logging.StreamHandler', formatter: 'verbose', stream: 'ext://sys.stdout' },
    errors: {
      class: 'logging.handlers.RotatingFileHandler',
      formatter: 'verbose',
      filename: 'error.log',
      maxBytes: 100_000,
    },
    access: { class: 'logging.FileHandler', formatter: 'access', filename: 'access.log' },
  },
  root: { level: 'INFO', handlers: ['console'] },
  loggers: {
    'gunicorn.error': { level: 'INFO', handlers: ['errors'], propagate: false },
    'gunicorn.access': { level: 'INFO', handlers: ['access'], propagate: false },
    shop: { level: 'INFO', handlers: ['console'], propagate: false },
  },
});

/** A formatter and a filter as people write them for Gunicorn: they look at the atoms. */
const WITH_CLASSES = `
import json
import logging

class JsonFormatter(logging.Formatter):
    def format(self, record):
        args = record.args
        return json.dumps({
            "path": args["U"], "status": args["s"], "agent": args["a"], "bytes": args["B"], "id": args["{X-Request-Id}i"],
            "answer": args["{x-answer}o"], "none": args["{nothing}i"], "level": record.levelname, "message": record.getMessage(),
        })

class NoHealth(logging.Filter):
    def filter(self, record):
        return record.args["U"] != "/health"

logconfig_dict = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": JsonFormatter}, "plain": {"format": "%(levelname)s|%(name)s|%(message)s"}},
    "filters": {"no_health": {"()": NoHealth}},
    "handlers": {
        "access": {"class": "logging.FileHandler", "filename": "access.log", "formatter": "json", "filters": ["no_health"]},
        "errors": {"class": "logging.FileHandler", "filename": "error.log", "formatter": "plain"},
        "console": {"class": "logging.StreamHandler", "stream": "ext://sys.stdout", "formatter": "plain"},
    },
    "root": {"level": "INFO", "handlers": ["console"]},
    "loggers": {
        "gunicorn.error": {"level": "INFO", "handlers": ["errors"], "propagate": False},
        "gunicorn.access": {"level": "INFO", "handlers": ["access"], "propagate": False},
    },
}
`;

const FORMAT = ['--access-logformat', '%(m)s %(U)s %(s)s %(B)s "%(a)s"'];

const CASES: readonly { what: string; files: Readonly<Record<string, string>>; args: readonly string[] }[] = [
  { what: 'an ini file', files: { 'logging.ini': INI }, args: ['--log-config', 'logging.ini'] },
  {
    what: 'a JSON file',
    files: { 'logging.json': JSON.stringify(dict({ format: 'access: %(message)s' })) },
    args: ['--log-config-json', 'logging.json'],
  },
  {
    what: 'a dict in the configuration file',
    files: {
      'gunicorn.conf.py': `import json\nlogconfig_dict = json.loads('''${JSON.stringify(dict({ format: 'access: $message', style: '$' }))}''')\n`,
    },
    args: [],
  },
  { what: 'a dict with classes of its own', files: { 'gunicorn.conf.py': WITH_CLASSES }, args: [] },
];

async function requests(url: string): Promise<void> {
  const get = async (path: string) => {
    const headers = { 'User-Agent': 'a "quoted" one', 'X-Request-Id': 'abc' };
    await (await fetch(url + path, { headers })).text();
  };
  await get('/health');
  await get('/page?q=1');
  await get('/raises');
  await get('/last');
}

const read = (folder: AppFolder, name: string): string => {
  const file = join(folder.path, name);
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
};

const portIn = (log: string) => /Listening at: http:\/\/127\.0\.0\.1:(\d+)/.exec(log)?.[1];

/** What the two servers have in common: requests, and what the application says. */
async function lines(folder: AppFolder, stdout: () => string) {
  await waitFor(() => /\/last/.test(read(folder, 'access.log')) && /serving \/last/.test(stdout()), {
    details: () => `${read(folder, 'access.log')}\n${read(folder, 'error.log')}\n${stdout()}`,
  });
  const errors = read(folder, 'error.log').split('\n');
  return {
    // Of a request that raises Gunicorn logs no path, and no agent.
    access: read(folder, 'access.log')
      .split('\n')
      .filter((line) => !/ 500 /.test(line)),
    application: stdout()
      .split('\n')
      .filter((line) => line.includes('shop.views')),
    errors: [
      ...errors.filter((line) => line.includes('by the application')),
      ...errors.filter((line) => line.includes('ValueError')),
      ...errors.filter((line) => /Booting worker/.test(line)).map((line) => line.replace(/\d+/, 'PID')),
    ],
  };
}

describe('a logging configuration', () => {
  for (const { what, files, args } of CASES) {
    it(`that is ${what} gives the lines that it gives under Gunicorn`, {
      skip: gunicornIsMissing,
    }, async () => {
      const theirs = new AppFolder({ 'main.py': APP, ...files });
      const gunicorn = await Gunicorn.start([...args, ...FORMAT, 'main:app'], theirs.path);
      await requests(gunicorn.url);
      const expected = await lines(theirs, () => gunicorn.stdout()).finally(() => gunicorn.stop());

      const ours = new AppFolder({ 'main.py': APP, ...files });
      const kirin = new KirinProcess({ app: 'main:app', args: [...args, ...FORMAT], cwd: ours.path });
      const port = await waitFor(
        () => /Ready[\s\S]*/.test(read(ours, 'error.log')) && portIn(read(ours, 'error.log')),
        {
          details: () => kirin.log() + read(ours, 'error.log'),
        },
      );
      await requests(`http://127.0.0.1:${port}`);
      assert.deepEqual(await lines(ours, () => kirin.stdout()), expected);
      await kirin.stop();
      assert.match(read(ours, 'error.log'), /Shutting down: Master\n$/);
      assert.equal(kirin.log(), '', 'what is configured is where everything goes');
      theirs.remove();
      ours.remove();
    });
  }

  it('can send both logs to a syslog, by handlers of its own', async () => {
    const syslog = await SyslogServer.udp();
    const [, host, port] = /udp:\/\/(.*):(\d+)/.exec(syslog.address) ?? [];
    const config = `
logconfig_dict = {
    "version": 1,
    "handlers": {"syslog": {"class": "logging.handlers.SysLogHandler", "address": ("${host}", ${port})}},
    "loggers": {
        name: {"level": "INFO", "handlers": ["syslog"], "propagate": False} for name in ("gunicorn.error", "gunicorn.access")
    },
}
`;
    const folder = new AppFolder({ 'main.py': APP, 'gunicorn.conf.py': config });
    const kirin = new KirinProcess({ app: 'main:app', cwd: folder.path });
    const listening = await syslog.next(/Listening at/);
    await syslog.next(/Ready/);
    await fetch(`http://127.0.0.1:${portIn(listening)}/?by-syslog`);
    await syslog.next(/GET \/\?by-syslog/);
    await kirin.stop();
    await syslog.close();
    folder.remove();
  });

  it('is read again by a reload, and goes on as it was when it is broken then; USR1 opens its files again', async () => {
    const config = (prefix: string) => JSON.stringify(dict({ format: `${prefix}: %(message)s` }));
    const folder = new AppFolder({ 'main.py': APP, 'logging.json': config('one') });
    const args = ['--log-config-json', 'logging.json', ...FORMAT];
    const kirin = new KirinProcess({ app: 'main:app', args, cwd: folder.path });
    const has = (name: string, pattern: RegExp) =>
      waitFor(() => pattern.test(read(folder, name)), { details: () => kirin.log() + read(folder, name) });
    await has('error.log', /Ready/);
    const url = `http://127.0.0.1:${portIn(read(folder, 'error.log'))}`;
    await (await fetch(`${url}/first`)).text();
    await has('access.log', /^one: GET \/first 200/m);
    folder.write('logging.json', config('two'));
    kirin.signal('SIGHUP');
    await has('error.log', /Ready: .*generation 2/);
    await (await fetch(`${url}/second`)).text();
    await has('access.log', /^two: GET \/second 200/m);
    folder.write('logging.json', '{"version": 1, "handlers": {"x": {"class": "no.such.Class"}}}');
    kirin.signal('SIGHUP');
    await has(
      'error.log',
      /Not reloaded.*the logging configuration cannot be used: logging\.json: ValueError: .*handler 'x'/,
    );
    renameSync(join(folder.path, 'access.log'), join(folder.path, 'access.log.1'));
    kirin.signal('SIGUSR1');
    await waitFor(async () => {
      await (await fetch(`${url}/third`)).text();
      return /^two: GET \/third 200/m.test(read(folder, 'access.log'));
    });
    await kirin.stop();
    folder.remove();
  });

  it('that cannot be used is refused at the start, with the place', async () => {
    const folder = new AppFolder({
      'main.py': APP,
      'broken.json': '{',
      'wrong.json': '{"version": 1, "root": {"handlers": ["none"]}}',
      'broken.ini': '[loggers]\nkeys=root\n',
    });
    const cases: [string[], RegExp][] = [
      [['--log-config', 'missing.ini'], /there is no file missing\.ini/],
      [['--log-config-json', 'missing.json'], /there is no file missing\.json/],
      [['--log-config-json', 'broken.json'], /broken\.json: JSONDecodeError/],
      [['--log-config-json', 'wrong.json'], /wrong\.json: ValueError: Unable to configure root logger/],
      [['--log-config', 'broken.ini'], /broken\.ini: .*formatters/],
    ];
    for (const [args, complaint] of cases) {
      const { code, log } = await runKirin({ app: 'main:app', args, cwd: folder.path });
      assert.equal(code, 1, log);
      assert.match(log, /the logging configuration cannot be used/);
      assert.match(log, complaint);
    }
    folder.remove();
  });
});
