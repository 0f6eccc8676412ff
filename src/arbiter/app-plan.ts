import { resolve } from 'node:path';
import { hookSettings } from '../config/hook-settings.ts';
import type { WorkerRange } from '../config/process-kinds.ts';
import type { PythonChoice, ResolvedApp, ResolvedConfig, ServerHooks } from '../config/resolved-config.ts';
import type { Settings } from '../config/settings.ts';
import type { AppConfig } from '../protocol/supervision/edge.ts';
import { DEFAULT_APP } from '../protocol/supervision/front.ts';
import type { BootSpec, HookFile } from '../protocol/supervision/zygote.ts';
import { laneRules } from './lane-rules.ts';
import type { Surroundings } from './plan.ts';
import { milliseconds } from './units.ts';
import { version } from './version.ts';
import type { WatchOptions } from './watch/source-watch.ts';
import { lanesOf, workerClassOf } from './worker-lanes.ts';

/** What a resolution of the configuration says of one application, in the arbiter's terms. */
export interface AppPlan {
  readonly name: string;
  /** Gunicorn's name for what the workers do. */
  readonly workerClass: string;
  readonly workers: WorkerRange;
  /** 0: never replaced for its age. */
  readonly maxWorkerAgeMs: number;
  /** 0: never replaced for its memory. */
  readonly maxWorkerBytes: number;
  readonly reload: boolean;
  /** What is watched for --reload; null: nothing. */
  readonly watch: WatchOptions | null;
  readonly python: PythonChoice;
  readonly env: NodeJS.ProcessEnv;
  readonly boot: Omit<BootSpec, 'type' | 'generation' | 'lanePath' | 'runDir' | 'hooks'>;
  /** null: no server hooks are to be run. */
  readonly hooks: HookFile | null;
  /** For the edge. */
  readonly serving: AppConfig;
}

export function appPlan(app: ResolvedApp, config: ResolvedConfig, surroundings: Surroundings): AppPlan {
  const { name, settings, python } = app;
  return {
    name,
    workerClass: workerClassOf(settings),
    workers: settings.workers,
    maxWorkerAgeMs: milliseconds(settings.max_worker_age),
    maxWorkerBytes: settings.max_worker_memory,
    reload: settings.reload,
    watch: settings.reload ? watchOptions(app, config) : null,
    python,
    env: environment(settings, config.environment, surroundings.env),
    boot: bootSpec(app, config, surroundings),
    hooks: config.hooks === null ? null : hookFile(app, config, config.hooks, surroundings.env),
    serving: appConfig(name, settings),
  };
}

function watchOptions({ settings }: ResolvedApp, { sourceFiles }: ResolvedConfig): WatchOptions {
  return {
    root: settings.chdir,
    engine: settings.reload_engine,
    extra: settings.reload_extra_files.map((path) => resolve(settings.chdir, path)),
    own: sourceFiles,
  };
}

function hookFile(
  { settings }: ResolvedApp,
  { environment: changes }: ResolvedConfig,
  { location, cwd, argv, names }: ServerHooks,
  inherited: NodeJS.ProcessEnv,
): HookFile {
  const variables = [...Object.keys(changes), ...settings.raw_env.map((pair) => pair.split('=', 1)[0] ?? '')];
  const environment = Object.fromEntries(variables.map((name) => [name, inherited[name] ?? null]));
  return { location, cwd, argv, names, environment, settings: hookSettings(settings) };
}

/** What an application's processes, and the relay, find in their environment. */
export function environment(
  settings: Settings,
  changes: ResolvedConfig['environment'],
  inherited: NodeJS.ProcessEnv,
): NodeJS.ProcessEnv {
  // As Gunicorn has it: some settings of applications depend on whether a server runs them.
  const env: NodeJS.ProcessEnv = { ...inherited, SERVER_SOFTWARE: `kirin/${version()}` };
  for (const [name, value] of Object.entries(changes)) {
    if (value === null) delete env[name];
    else env[name] = value;
  }
  for (const pair of settings.raw_env) {
    const at = pair.indexOf('=');
    env[pair.slice(0, at)] = pair.slice(at + 1);
  }
  return env;
}

function appConfig(name: string, settings: Settings): AppConfig {
  return {
    name,
    timeoutMs: milliseconds(settings.timeout),
    gracefulTimeoutMs: milliseconds(settings.graceful_timeout),
    queueLimit: settings.queue_limit,
    queueTimeoutMs: milliseconds(settings.queue_timeout),
    stealAfterMs: milliseconds(settings.steal_after),
    laneRules: laneRules(settings.lane_limit, settings.lane_reserve),
    requestStartHeader: settings.request_start_header,
    reportsLoad: settings.workers.max > settings.workers.min,
    maxRequests: settings.max_requests,
    maxRequestsJitter: settings.max_requests_jitter,
    scriptName: settings.script_name,
  };
}

function bootSpec(
  { name, settings, app, paste }: ResolvedApp,
  { settings: whole, path }: ResolvedConfig,
  { hasColour, leakingFds }: Surroundings,
): AppPlan['boot'] {
  return {
    app,
    paste,
    chdir: settings.chdir,
    // Each is put before the one before it.
    pythonPath: [...path.front.toReversed(), ...settings.pythonpath],
    pythonPathEnd: path.back,
    preload: settings.preload_app,
    workerClass: workerClassOf(settings),
    ...lanesOf(settings),
    closeFds: leakingFds,
    workers: settings.workers.max,
    scriptName: settings.script_name,
    errorLog: seenFrom(settings.chdir, whole.errorlog, whole.chdir),
    captureOutput: settings.capture_output,
    logLevel: whole.loglevel,
    colour: whole.errorlog === '-' && hasColour,
    relay: null,
    logConfig: null,
    name: name === DEFAULT_APP ? (whole.proc_name ?? app) : name,
    reportModules: settings.reload,
    spew: settings.spew,
    gracefulTimeoutMs: milliseconds(settings.graceful_timeout),
  };
}

/** A path in `folder`, for a process in `from`. */
function seenFrom(from: string, path: string, folder: string): string {
  return path === '-' || from === folder ? path : resolve(folder, path);
}
