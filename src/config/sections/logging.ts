import { choice, file, flag, optionalFile, text } from '../kinds.ts';
import { setting } from '../setting.ts';

const LEVELS = ['debug', 'info', 'warning', 'error', 'critical'] as const;

export type LogLevelName = (typeof LEVELS)[number];

const COMBINED_FORMAT = '%(h)s %(l)s %(u)s %(t)s "%(r)s" %(s)s %(b)s "%(f)s" "%(a)s"';

export const logging = {
  accesslog: setting<string | null>({
    flags: ['--access-logfile'],
    kind: optionalFile,
    default: null,
    help: 'Log of requests: a file, or - for standard output',
    common: true,
  }),
  access_log_format: setting<string>({
    flags: ['--access-logformat'],
    kind: text(),
    default: COMBINED_FORMAT,
    help: 'How a line of the access log is written',
  }),
  errorlog: setting<string>({
    flags: ['--error-logfile', '--log-file'],
    kind: file,
    default: '-',
    help: 'Log of events: a file, or - for standard error',
    common: true,
  }),
  loglevel: setting<LogLevelName>({
    flags: ['--log-level'],
    kind: choice(LEVELS, 'LEVEL', { warn: 'warning', fatal: 'critical' }),
    default: 'info',
    help: 'Least severe messages to log: debug, info, warning, error, critical',
  }),
  capture_output: setting<boolean>({
    flags: ['--capture-output'],
    kind: flag,
    default: false,
    help: 'Write what the app prints to the error log',
  }),
};
