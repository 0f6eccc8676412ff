import { resolve } from 'node:path';
import type { BindAddress } from '../config/bind-address.ts';
import { hookSettings } from '../config/hook-settings.ts';
import type { WorkerRange } from '../config/process-kinds.ts';
import type { PythonChoice, ResolvedConfig, ServerHooks } from '../config/resolved-config.ts';
import type { EdgeConfig } from '../protocol/supervision/edge.ts';
import type { BootSpec, HookFile } from '../protocol/supervision/zygote.ts';
import type { Certificates } from './certificates.ts';
import { laneRules } from './lane-rules.ts';
import { type RelayPlan, relayPlan } from './relay-plan.ts';
import { version } from './version.ts';
import type { WatchOptions } from './watch/source-watch.ts';
import { lanesOf, workerClassOf } from './worker-lanes.ts';

/** Account that edge, zygotes and workers run as. */
export interface Owner {
  readonly uid: number;
  readonly gid: number;
  /** The interpreter by which processes get all groups of the account; null: they have `gid` alone. */
  readonly groupsBy: string | null;
}

/** What the arbiter's own process contributes to a plan. */
export interface Surroundings {
  readonly env: NodeJS.ProcessEnv;
  readonly owner: Pick<Owner, 'uid' | 'gid'>;
  /** Whether what goes to standard error is coloured. */
  readonly hasColour: boolean;
  /** Descriptors of sockets that every process which is started from here inherits. */
  readonly leakingFds: readonly number[];
}

/** One resolution of the configuration, in the arbiter's terms. A reload brings another. */
export interface Plan {
  readonly name: string;
  /** Gunicorn's name for what the workers do. */
  readonly workerClass: string;
  readonly workers: WorkerRange;
  /** 0: never replaced for its age. */
  readonly maxWorkerAgeMs: number;
  /** 0: never replaced for its memory. */
  readonly maxWorkerBytes: number;
  readonly bind: readonly BindAddress[];
  /** null: the account that started Kirin. */
  readonly owner: Owner | null;
  readonly umask: number;
  readonly pidFile: string | null;
  /** It runs in the background, without a terminal. */
  readonly isDaemon: boolean;
  readonly reload: boolean;
  /** What is watched for --reload; null: nothing. */
  readonly watch: WatchOptions | null;
  readonly python: PythonChoice;
  readonly env: NodeJS.ProcessEnv;
  /** null: log records go nowhere but to their files. */
  readonly relay: RelayPlan | null;
  readonly edge: EdgeConfig;
  /** null: connections are not encrypted. They change while the plan is in force. */
  readonly certificates: Certificates | null;
  readonly boot: Omit<BootSpec, 'type' | 'generation' | 'lanePath' | 'runDir' | 'hooks'>;
  /** null: no server hooks are to be run. */
  readonly hooks: HookFile | null;
}

export function planFrom(
  config: ResolvedConfig,
  surroundings: Surroundings,
  certificates: Certificates | null,
): Plan {
  const { settings, app, python } = config;
  const name = settings.proc_name ?? app;
  const { uid, gid } = surroundings.owner;
  const env = environment(config, surroundings.env);
  const isOtherAccount = settings.user !== uid || settings.group !== gid;
  return {
    name,
    workerClass: workerClassOf(settings),
    workers: settings.workers,
    maxWorkerAgeMs: milliseconds(settings.max_worker_age),
    maxWorkerBytes: settings.max_worker_memory,
    bind: settings.bind,
    owner: isOtherAccount ? ownerOf(settings, python.path) : null,
    umask: settings.umask,
    pidFile: settings.pidfile,
    isDaemon: settings.daemon,
    reload: settings.reload,
    watch: settings.reload ? watchOptions(config) : null,
    python,
    env,
    relay: relayPlan(config, name, env),
    edge: edgeConfig(config),
    certificates,
    boot: bootSpec(config, name, surroundings),
    hooks: config.hooks === null ? null : hookFile(config, config.hooks, surroundings.env),
  };
}

function watchOptions({ settings, sourceFiles }: ResolvedConfig): WatchOptions {
  return {
    root: settings.chdir,
    engine: settings.reload_engine,
    extra: settings.reload_extra_files.map((path) => resolve(settings.chdir, path)),
    own: sourceFiles,
  };
}

function hookFile(
  { settings, environment: changes }: ResolvedConfig,
  { location, cwd, argv, names }: ServerHooks,
  inherited: NodeJS.ProcessEnv,
): HookFile {
  const variables = [...Object.keys(changes), ...settings.raw_env.map((pair) => pair.split('=', 1)[0] ?? '')];
  const environment = Object.fromEntries(variables.map((name) => [name, inherited[name] ?? null]));
  return { location, cwd, argv, names, environment, settings: hookSettings(settings) };
}

function ownerOf({ user, group, initgroups }: ResolvedConfig['settings'], python: string): Owner {
  return { uid: user, gid: group, groupsBy: initgroups ? python : null };
}

function environment(
  { settings, environment: changes }: ResolvedConfig,
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

/** What the edge is told of a plan, with the certificates as they are now. */
export function edgeConfigOf({ edge, certificates }: Plan): EdgeConfig {
  return certificates === null ? edge : { ...edge, tls: certificates.tls };
}

function edgeConfig({ settings, front }: ResolvedConfig): EdgeConfig {
  return {
    front,
    backlog: settings.backlog,
    timeoutMs: milliseconds(settings.timeout),
    gracefulTimeoutMs: milliseconds(settings.graceful_timeout),
    keepAliveMs: milliseconds(settings.keepalive),
    headTimeoutMs: milliseconds(settings.header_timeout),
    bodyTimeoutMs: milliseconds(settings.body_timeout),
    sendTimeoutMs: milliseconds(settings.send_timeout),
    drainDelayMs: milliseconds(settings.drain_delay),
    limitRequestLine: settings.limit_request_line,
    limitRequestFields: settings.limit_request_fields,
    limitRequestFieldSize: settings.limit_request_field_size,
    limitRequestBody: settings.limit_request_body,
    bodyBufferBytes: settings.body_buffer_size,
    responseSpoolBytes: settings.response_spool_size,
    queueLimit: settings.queue_limit,
    queueTimeoutMs: milliseconds(settings.queue_timeout),
    stealAfterMs: milliseconds(settings.steal_after),
    laneRules: laneRules(settings.lane_limit, settings.lane_reserve),
    requestStartHeader: settings.request_start_header,
    reportsLoad: settings.workers.max > settings.workers.min,
    maxRequests: settings.max_requests,
    maxRequestsJitter: settings.max_requests_jitter,
    tls: null,
    http2: {
      maxConcurrentStreams: settings.http2_max_concurrent_streams,
      initialWindowBytes: settings.http2_initial_window_size,
      maxFrameBytes: settings.http2_max_frame_size,
      maxHeaderListBytes: settings.http2_max_header_list_size,
    },
    http2Cleartext: settings.http2_cleartext !== 'off' && settings.http_protocols.includes('h2'),
    forwardedAllowIps: settings.forwarded_allow_ips,
    stripHeaderSpaces: settings.strip_header_spaces,
    permitObsoleteFolding: settings.permit_obsolete_folding,
    permitUnconventionalHttpMethod: settings.permit_unconventional_http_method,
    permitUnconventionalHttpVersion: settings.permit_unconventional_http_version,
    casefoldHttpMethod: settings.casefold_http_method,
    proxyProtocol: settings.proxy_protocol,
    proxyAllowIps: settings.proxy_allow_ips,
    secureSchemeHeaders: settings.secure_scheme_headers,
    forwarderHeaders: settings.forwarder_headers,
    headerMap: settings.header_map,
    scriptName: settings.script_name,
    healthPath: settings.health_path,
    staticFiles: {
      mappings: settings.static_files.map(({ prefix, folder }) => ({
        prefix,
        folder: resolve(settings.chdir, folder),
      })),
      maxAgeSeconds: settings.static_max_age,
      missing: settings.static_missing,
      listing: settings.static_listing,
      symlinks: settings.static_symlinks,
    },
    accessLog: settings.accesslog,
    accessLogFormat: settings.access_log_format,
    errorLog: settings.errorlog,
    logLevel: settings.loglevel,
    relay: null,
  };
}

function bootSpec(
  { settings, app, paste, path }: ResolvedConfig,
  name: string,
  { hasColour, leakingFds }: Surroundings,
): Plan['boot'] {
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
    errorLog: settings.errorlog,
    captureOutput: settings.capture_output,
    logLevel: settings.loglevel,
    colour: settings.errorlog === '-' && hasColour,
    relay: null,
    logConfig: null,
    name,
    reportModules: settings.reload,
    spew: settings.spew,
    gracefulTimeoutMs: milliseconds(settings.graceful_timeout),
  };
}

/** Whatever is more than nothing stays so: 0 has a meaning of its own. */
const milliseconds = (seconds: number): number =>
  seconds === 0 ? 0 : Math.max(1, Math.round(seconds * 1000));
