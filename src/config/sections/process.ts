import { flag, optionalFile, optionalText, seconds, text } from '../kinds.ts';
import { environmentPairs, folder, group, interpreter, pythonPath, umask, user } from '../process-kinds.ts';
import { setting } from '../setting.ts';

/** Read when it exists; any other file that is named must exist. */
const DEFAULT_CONFIG = './gunicorn.conf.py';

export const processSettings = {
  config: setting<string>({
    flags: ['-c', '--config'],
    kind: text('CONFIG'),
    default: DEFAULT_CONFIG,
    help: 'Configuration file: FILE, file:FILE or python:MODULE',
    detail:
      'A TOML file when its name ends in `.toml`; else a Python program whose variables are settings, run by the interpreter that runs the app. Read again on a reload. Without this, `kirin.toml` in the folder in which kirin is started when no APP_MODULE is given, or else `gunicorn.conf.py` there. Of a Python file, `python` and `chdir` come too late to say which interpreter runs it.',
    common: true,
  }),
  wsgi_app: setting<string | null>({
    flags: [],
    kind: text('APP_MODULE'),
    default: null,
    help: 'The application; APP_MODULE on the command line',
    detail:
      "module:attribute, module alone (then `application`), or a factory call with literal arguments such as hello:create_app('prod', debug=False).",
  }),
  chdir: setting<string>({
    flags: ['--chdir'],
    kind: folder,
    default: (context) => context.cwd,
    defaultText: 'the current folder',
    help: "The app's folder",
    common: true,
  }),
  pythonpath: setting<readonly string[]>({
    flags: ['--pythonpath'],
    kind: pythonPath,
    default: [],
    help: 'More folders to import from, separated by commas',
  }),
  python: setting<string | null>({
    flags: ['--python'],
    kind: interpreter,
    default: null,
    defaultText: "the active virtual environment, .venv or venv in the app's folder, or python3",
    help: 'The Python interpreter',
    common: true,
  }),
  raw_env: setting<readonly string[]>({
    flags: ['-e', '--env'],
    kind: environmentPairs,
    default: [],
    help: "Variable for the app's environment; repeatable",
    common: true,
  }),
  proc_name: setting<string | null>({
    flags: ['-n', '--name'],
    kind: optionalText,
    default: null,
    help: 'Name of the processes in ps and top',
    detail:
      'Of Python processes only where setproctitle is installed in their environment; without it top shows `kirin: worker`, and ps the command line.',
  }),
  user: setting<number>({
    flags: ['-u', '--user'],
    kind: user,
    default: (context) => context.machine.uid,
    defaultText: 'the user that starts kirin',
    help: 'Run the workers as this user, by name or number',
  }),
  group: setting<number>({
    flags: ['-g', '--group'],
    kind: group,
    default: (context) => context.machine.gid,
    defaultText: 'the group that starts kirin',
    help: 'Run the workers as this group, by name or number',
  }),
  initgroups: setting<boolean>({
    flags: ['--initgroups'],
    kind: flag,
    default: false,
    help: 'Run them with all groups of the user',
    detail: 'With `user`; without this their group is the only one.',
  }),
  umask: setting<number>({
    flags: ['-m', '--umask'],
    kind: umask,
    default: 0,
    help: 'Mode mask of the unix sockets that kirin makes; octal with a leading zero, such as 022',
    detail: 'Without a leading zero the number is decimal, as in Gunicorn.',
  }),
  daemon: setting<boolean>({
    flags: ['-D', '--daemon'],
    kind: flag,
    default: false,
    help: 'Run in the background',
    common: true,
  }),
  enable_stdio_inheritance: setting<boolean>({
    flags: ['-R', '--enable-stdio-inheritance'],
    kind: flag,
    default: false,
    help: 'Let a daemon keep its standard output and error',
    detail: 'Unless they are a terminal. It matters with `daemon` alone.',
  }),
  pidfile: setting<string | null>({
    flags: ['-p', '--pid'],
    kind: optionalFile,
    default: null,
    help: 'Write the process id to this file',
    common: true,
  }),
  drain_delay: setting<number>({
    flags: ['--drain-delay'],
    kind: seconds,
    default: 0,
    help: 'On a stop, go on serving this long after readiness has turned to 503',
  }),
  check_config: setting<boolean>({
    flags: ['--check-config'],
    kind: flag,
    default: false,
    help: 'Check the configuration, load the app, and exit',
    common: true,
  }),
  print_config: setting<boolean>({
    flags: ['--print-config'],
    kind: flag,
    default: false,
    help: 'Print the resolved settings, check, and exit',
    common: true,
  }),
};
