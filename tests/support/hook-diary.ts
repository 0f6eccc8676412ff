import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { AppFolder, answering } from './app-folder.ts';
import { waitFor } from './wait-for.ts';

/** A call of a server hook: `pre_fork`, the worker's age (0 where the hook gets none), the process that it ran in, and more. */
export interface Entry {
  readonly hook: string;
  readonly age: number;
  readonly pid: number;
  readonly note: string;
}

/** Puts an entry into the diary, with one write, so that processes do not mix. */
const WRITE = `
import os as _os
_DIARY = _os.path.join(_os.path.dirname(_os.path.abspath(__file__)), "diary")
def write(hook, age=0, note=""):
    line = f"{hook} {age} {_os.getpid()} {note}\\n".encode()
    fd = _os.open(_DIARY, _os.O_WRONLY | _os.O_APPEND | _os.O_CREAT, 0o666)
    _os.write(fd, line)
    _os.close(fd)
`;

const HOOKS: Readonly<Record<string, string>> = {
  on_starting: 'def on_starting(server): write("on_starting")',
  on_reload: 'def on_reload(server): write("on_reload")',
  when_ready: 'def when_ready(server): write("when_ready")',
  pre_fork: 'def pre_fork(server, worker): write("pre_fork", worker.age, worker.pid)',
  post_fork: 'def post_fork(server, worker): write("post_fork", worker.age)',
  post_worker_init: 'def post_worker_init(worker): write("post_worker_init", worker.age)',
  worker_int: 'def worker_int(worker): write("worker_int", worker.age)',
  worker_abort: 'def worker_abort(worker): write("worker_abort", worker.age)',
  pre_request:
    'def pre_request(worker, req): write("pre_request", worker.age, f"{req.method} {req.path} {req.query}")',
  post_request:
    'def post_request(worker, req, environ, resp): write("post_request", worker.age, f"{req.uri} {resp.status} {resp.sent}")',
  child_exit: 'def child_exit(server, worker): write("child_exit", worker.age, worker.pid)',
  worker_exit: 'def worker_exit(server, worker): write("worker_exit", worker.age)',
  nworkers_changed:
    'def nworkers_changed(server, new, old): write("nworkers_changed", 0, f"{new} {old} {server.num_workers}")',
  on_exit: 'def on_exit(server): write("on_exit")',
};

const ALL_HOOKS: readonly string[] = Object.keys(HOOKS);

/** A folder with an application and a gunicorn.conf.py whose server hooks keep a diary. */
export class HookDiary {
  readonly folder: AppFolder;

  /** `more` comes last, and may redefine hooks; it has `write(hook, age, note)`. */
  constructor({ hooks = ALL_HOOKS, more = '', app = answering('one') } = {}) {
    this.folder = new AppFolder({ 'main.py': app });
    this.configure(hooks, more);
  }

  configure(hooks: readonly string[], more = ''): void {
    this.folder.write('gunicorn.conf.py', [WRITE, ...hooks.map((name) => HOOKS[name]), more, ''].join('\n'));
  }

  entries(): Entry[] {
    const path = join(this.folder.path, 'diary');
    if (!existsSync(path)) return [];
    const lines = readFileSync(path, 'utf8').split('\n').slice(0, -1);
    return lines.map((line) => {
      const [hook = '', age, pid, ...note] = line.split(' ');
      return { hook, age: Number(age), pid: Number(pid), note: note.join(' ') };
    });
  }

  /** Names alone, in order. */
  hooks(): string[] {
    return this.entries().map(({ hook }) => hook);
  }

  of(hook: string): Entry[] {
    return this.entries().filter((entry) => entry.hook === hook);
  }

  /** Until a hook was called so often; the last of these calls. */
  async waitFor(hook: string, times = 1, details?: () => string): Promise<Entry> {
    return waitFor(() => this.of(hook)[times - 1], {
      what: `call ${times} of ${hook}`,
      timeoutMs: 20_000,
      details: () => `${JSON.stringify(this.entries())}\n${details?.() ?? ''}`,
    });
  }

  remove(): void {
    this.folder.remove();
  }
}
