import { ANYTHING, type Row } from './row.ts';

const ERROR_LOG = /^error log$/;

export const processRows = {
  'workers wanted': {
    told: '| `TTIN`, `TTOU` | | `Workers wanted: 3` besides |',
    shows: [{ where: ERROR_LOG, kirin: /^INFO Workers wanted: \d+$/ }],
  },
  'killed workers': {
    told: '| a worker that is killed | `Worker (pid:…) was sent SIGKILL! Perhaps out of memory?` |',
    shows: [
      { where: ERROR_LOG, gunicorn: /^ERROR Worker \(pid:PID\) was sent SIGKILL! Perhaps out of memory\?$/ },
      { where: ERROR_LOG, kirin: /^ERROR Worker \(pid:PID\) was ended by SIGKILL, not sent by Kirin, / },
    ],
  },
  'workers that are told to leave': {
    told: '| a worker that is sent `TERM`, `INT` or `QUIT` by itself | ends, and then another is started | another is started first',
    shows: [{ where: ERROR_LOG, kirin: /^INFO Worker \(pid:PID\) is to be replaced: it was sent SIGTERM$/ }],
  },
  'applications that do not load': {
    told: '| an application that cannot be loaded | the traceback with `Exception in worker process` |',
    shows: [
      // It may end before it listens, or after.
      { where: /^the error log: order$/, gunicorn: ANYTHING, kirin: ANYTHING },
      { where: ERROR_LOG, gunicorn: /^INFO (Listening at|Using worker): / },
      { where: ERROR_LOG, gunicorn: /^ERROR Exception in worker process$/ },
      { where: ERROR_LOG, gunicorn: /^Traceback \| ModuleNotFoundError: No module named 'nowhere'$/ },
      {
        where: ERROR_LOG,
        gunicorn: /^(No module named 'nowhere'|Failed to find attribute 'wrong' in 'plain'\.)$/,
      },
      { where: ERROR_LOG, gunicorn: /^INFO Worker exiting \(pid: PID\)$/ },
      { where: ERROR_LOG, gunicorn: /^ERROR Worker \(pid:PID\) exited with code [34]\.$/ },
      { where: ERROR_LOG, kirin: /^ERROR The application '\w+:\w+' cannot be (loaded|imported)/ },
      {
        where: ERROR_LOG,
        kirin: /^(ModuleNotFoundError: No module named 'nowhere'|There is no module 'nowhere' in )/,
      },
      {
        where: ERROR_LOG,
        kirin: /^ERROR Worker \(pid:PID\) exited with code [34], after SECONDS s, before it was ready$/,
      },
    ],
  },
  'mistakes in the configuration': {
    told: '| a wrong value | the first is reported | all are reported, each with what would be right |',
    shows: [
      { where: ERROR_LOG, gunicorn: /^(usage: gunicorn |gunicorn: error: argument -w)/ },
      { where: ERROR_LOG, kirin: /^(kirin: --workers 'many' |Try 'kirin --help')/ },
    ],
  },
  'faults in the file': {
    told: '| a file that fails at the start | `Failed to read config file:`, and the traceback | `gunicorn.conf.py failed:`, and the traceback',
    shows: [
      {
        where: ERROR_LOG,
        gunicorn: /^(Failed to read config file: |Traceback \| File "\{folder\}\/gunicorn\.conf\.py")/,
      },
      { where: ERROR_LOG, kirin: /^(kirin: gunicorn\.conf\.py failed:| {2,}\S|SyntaxError: )/ },
    ],
  },
  'what was checked': {
    told: '`kirin --check-config` with your own arguments reads the configuration, loads the application, and shows every value that is set and where it came from',
    shows: [{ where: ERROR_LOG, kirin: /^kirin: (workers = 3, from the command line|plain:app loads in )/ }],
  },
} as const satisfies Record<string, Row>;
