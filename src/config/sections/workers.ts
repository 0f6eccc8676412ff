import { type WorkerClass, workerClass } from '../gunicorn-kinds.ts';
import { bytes, flag, integer, seconds } from '../kinds.ts';
import { type WorkerRange, workerRange } from '../process-kinds.ts';
import { setting } from '../setting.ts';

export const workers = {
  workers: setting<WorkerRange>({
    flags: ['-w', '--workers'],
    kind: workerRange,
    default: { min: 1, max: 1 },
    environment: { variable: 'WEB_CONCURRENCY' },
    help: 'Worker processes: 4, or 2..8, or auto',
    detail:
      'With a range there are as many as the load needs: one more when requests wait while processors are idle, one less when that many are not needed. `auto` is 2 x cores + 1, and may be an end of a range: `1..auto`; cores are what the control group grants, so it is right in a container too.',
    common: true,
  }),
  worker_class: setting<WorkerClass>({
    flags: ['-k', '--worker-class'],
    kind: workerClass,
    default: 'sync',
    help: 'sync or gthread, which are the same here, or gevent',
    detail:
      "With `sync` and `gthread`, `threads` alone says how many requests a worker runs at once, as in Gunicorn. With `gevent`, which has to be installed in the application's environment, requests are greenlets, up to `worker_connections` at once, and the standard library is patched before the application is loaded. Other classes are refused, with what to use instead.",
  }),
  worker_connections: setting<number>({
    flags: ['--worker-connections'],
    kind: integer({ min: 1, max: 65_535, example: 1000 }),
    default: 1000,
    help: 'Requests that a gevent worker runs at once, at most',
    detail:
      'Only `gevent` has it. More requests wait in the queue. Clients do not count: the edge holds them, as many as there are descriptors.',
  }),
  threads: setting<number>({
    flags: ['--threads'],
    kind: integer({ min: 1, max: 1024, example: 4 }),
    default: 1,
    help: 'Threads in each worker',
    common: true,
  }),
  timeout: setting<number>({
    flags: ['-t', '--timeout'],
    kind: seconds,
    default: 30,
    help: 'Deadline of a request; 0 is none',
    detail:
      'Past it the client gets 504, the tracebacks of the worker are logged, and the worker is replaced. It holds for every request, with threads too. Each piece of a response that is sent begins it anew, so a stream may go on for as long as it does not fall silent.',
    common: true,
  }),
  graceful_timeout: setting<number>({
    flags: ['--graceful-timeout'],
    kind: seconds,
    default: 30,
    help: 'How long running requests may finish on a stop or reload',
  }),
  max_requests: setting<number>({
    flags: ['--max-requests'],
    kind: integer({ example: 1000 }),
    default: 0,
    help: 'Requests after which a worker is replaced; 0 is never',
    detail:
      'Workers are replaced one at a time, each when its replacement is ready. One that has had its requests goes on serving until its turn.',
  }),
  max_requests_jitter: setting<number>({
    flags: ['--max-requests-jitter'],
    kind: integer({ example: 100 }),
    default: 0,
    help: 'At most this many more, at random, so that workers are not replaced together',
  }),
  max_worker_age: setting<number>({
    flags: ['--max-worker-age'],
    kind: seconds,
    default: 0,
    help: 'Age at which a worker is replaced; 0 is never',
    detail:
      'Each worker is replaced up to a tenth earlier, at random, and one at a time, so that workers that were started together do not go together.',
  }),
  max_worker_memory: setting<number>({
    flags: ['--max-worker-memory'],
    kind: bytes({ min: '1M', example: '300M' }),
    default: 0,
    help: 'Memory at which a worker is replaced, such as 300M; 0 is never',
    detail:
      "The worker's PSS counts: its own pages, and its share of those that it shares with others; where that cannot be read, its RSS. It is measured every few seconds, so this is no hard limit. Workers are replaced one at a time, each when its replacement is ready.",
  }),
  preload_app: setting<boolean>({
    flags: ['--preload'],
    kind: flag,
    default: false,
    help: 'Load the app before workers fork: less memory',
    detail: 'A reload loads the new code all the same, in a process beside the old one.',
    common: true,
  }),
};
