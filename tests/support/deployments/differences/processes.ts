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
      // On a busy machine, where the edge has not come so far that it could be told.
      { where: ERROR_LOG, kirin: /^ERROR The edge has not ended in time and is killed$/ },
      // It may end before it listens, or after.
      { where: /^the error log: order$/, gunicorn: /\nERROR Reason: /, kirin: /\nERROR Reason: / },
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
  'broken reloads': {
    told: '| `HUP` after a deployment of broken code | the server ends | the old code goes on serving |',
    shows: [
      { where: /^HUP for what is broken: goes on serving$/, gunicorn: /^false$/, kirin: /^true$/ },
      { where: /^the end: status$/, gunicorn: /^[13]$/, kirin: /^0$/ },
      {
        where: /^the error log: order$/,
        gunicorn: ANYTHING,
        kirin: /\nINFO Handling signal: term\nINFO Shutting down: Master$/,
      },
      { where: ERROR_LOG, gunicorn: /^(broken on purpose$|ERROR Shutting down: Master$|ERROR Reason: )/ },
      {
        where: ERROR_LOG,
        gunicorn: /^ERROR (Exception in worker process|Worker \(pid:PID\) exited with code 3\.)$/,
      },
      { where: ERROR_LOG, gunicorn: /^INFO Worker exiting \(pid: PID\)$/ },
      {
        where: ERROR_LOG,
        gunicorn: /^(Failed to read config file: |Traceback \| |INFO Parent changed, shutting down: )/,
      },
      {
        where: ERROR_LOG,
        kirin:
          /^ERROR Not reloaded(: generation 2 failed to boot; generation 1 goes on serving|, the configuration)/,
      },
      {
        where: ERROR_LOG,
        kirin:
          /^ERROR (The application 'plain:app' cannot be imported|Worker \(pid:PID\) exited with code 3, after)/,
      },
      {
        where: ERROR_LOG,
        kirin:
          /^(INFO (Handling signal: term|Shutting down: Master|Worker exiting \(pid: PID\))$|Traceback \| )/,
      },
    ],
  },
  'recycled workers': {
    told: '| a worker that has had `max_requests` | `Autorestarting worker after current request.` | `Worker (pid:…) is to be replaced:`, and why |',
    shows: [
      { where: ERROR_LOG, gunicorn: /^INFO Autorestarting worker after current request\.$/ },
      { where: ERROR_LOG, kirin: /^INFO Worker \(pid:PID\) is to be replaced: it has had 2 requests$/ },
    ],
  },
  deadlines: {
    told: '| a request past `timeout`, with one `sync` worker | 500 or a connection that breaks, `WORKER TIMEOUT (pid:…)` | 504, `WORKER TIMEOUT (pid:…)` with the request,',
    shows: [
      { where: /^GET \/hangs, until it is ended: status$/, gunicorn: /( 500 |^none$)/, kirin: / 504 / },
      {
        where: ERROR_LOG,
        gunicorn: /^(CRITICAL WORKER TIMEOUT \(pid:PID\)|ERROR Error handling request GET \/hangs)$/,
      },
      {
        where: ERROR_LOG,
        gunicorn: /^(Traceback .* \| SystemExit: 1|ERROR Worker \(pid:PID\) exited with code 1\.)$/,
      },
      { where: ERROR_LOG, kirin: /^CRITICAL WORKER TIMEOUT \(pid:PID\): it has run GET \/hangs / },
      {
        where: ERROR_LOG,
        kirin: /^ERROR Request GET \/hangs .* (is past its deadline; it is here:|was interrupted: )/,
      },
      { where: ERROR_LOG, kirin: /^Traceback \| File / },
      // Where a signal takes its time, the next one is KILL.
      { where: ERROR_LOG, gunicorn: /^ERROR Worker \(pid:PID\) was sent SIGKILL! Perhaps out of memory\?$/ },
      { where: ERROR_LOG, kirin: /^(INFO Worker exiting|WARNING Killing worker|ERROR Worker) \(pid/ },
    ],
  },
  'two masters': {
    told: '| `USR2`, and `TERM` to the old arbiter | the new one is `Master.2` until then; `Master has been promoted.` | `Starting a new Kirin`, `The new Kirin',
    shows: [
      // Two write side by side.
      { where: /^the error log: order$/, gunicorn: ANYTHING, kirin: ANYTHING },
      { where: ERROR_LOG, gunicorn: /^INFO (Master has been promoted\.|Shutting down: Master(\.2)?)$/ },
      {
        where: ERROR_LOG,
        kirin: /^INFO (Starting a new Kirin \(pid:PID\) beside this one$|The new Kirin \(pid:PID\) serves; )/,
      },
      { where: ERROR_LOG, kirin: /^INFO Shutting down: Master$/ },
    ],
  },
  'standing by': {
    told: '| what a daemon says after `WINCH` | `graceful stop of workers` | `All workers stop; HUP and TTIN start others` |',
    shows: [
      { where: ERROR_LOG, gunicorn: /^INFO graceful stop of workers$/ },
      {
        where: ERROR_LOG,
        kirin: /^INFO (All workers stop; HUP and TTIN start others|Listening again \(edge pid: PID\))$/,
      },
    ],
  },
  reload: {
    told: '| what `--reload` says | `Reloader is on.` for each worker, `Worker reloading: … modified` | one warning, `Reloading, since this file has changed:` |',
    shows: [
      {
        where: ERROR_LOG,
        gunicorn: /^(WARNING Reloader is on\. |INFO Worker reloading: \{folder\}\/plain\.py modified$)/,
      },
      {
        where: ERROR_LOG,
        kirin: /^(WARNING reload \(from .*\): |INFO Reloading, since this file has changed: )/,
      },
    ],
  },
} as const satisfies Record<string, Row>;
