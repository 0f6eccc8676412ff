/** Functions of a configuration file that Gunicorn calls, by what happens, and what they are called with. `?`: may be left out. */
export const SERVER_HOOKS = {
  on_starting: ['server'],
  on_reload: ['server'],
  when_ready: ['server'],
  pre_fork: ['server', 'worker'],
  post_fork: ['server', 'worker'],
  post_worker_init: ['worker'],
  worker_int: ['worker'],
  worker_abort: ['worker'],
  pre_exec: ['server'],
  pre_request: ['worker', 'req'],
  post_request: ['worker', 'req', '?environ', '?resp'],
  child_exit: ['server', 'worker'],
  worker_exit: ['server', 'worker'],
  nworkers_changed: ['server', 'new_value', 'old_value'],
  on_exit: ['server'],
  ssl_context: ['config', 'default_ssl_context_factory'],
  on_dirty_starting: ['arbiter'],
  dirty_post_fork: ['arbiter', 'worker'],
  dirty_worker_init: ['worker'],
  dirty_worker_exit: ['arbiter', 'worker'],
} as const satisfies Record<string, readonly string[]>;

export type ServerHook = keyof typeof SERVER_HOOKS;

export const SERVER_HOOK_NAMES = Object.keys(SERVER_HOOKS) as ServerHook[];

const DIRTY = 'Kirin has no dirty arbiters';

/** Hooks that are never called, and why. */
export const HOOKS_WITHOUT_EFFECT: Readonly<Partial<Record<ServerHook, string>>> = {
  on_dirty_starting: DIRTY,
  dirty_post_fork: DIRTY,
  dirty_worker_init: DIRTY,
  dirty_worker_exit: DIRTY,
};

/** Whether the zygote and its workers are to call it; `ssl_context` is asked where the file is read. */
export function isZygotes(hook: ServerHook): boolean {
  return hook !== 'ssl_context' && HOOKS_WITHOUT_EFFECT[hook] === undefined;
}

export function isServerHook(name: string): name is ServerHook {
  return Object.hasOwn(SERVER_HOOKS, name);
}
