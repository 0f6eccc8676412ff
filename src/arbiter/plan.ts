import { resolve } from 'node:path';
import type { BindAddress } from '../config/bind-address.ts';
import type { PythonChoice, ResolvedConfig } from '../config/resolved-config.ts';
import type { Settings } from '../config/settings.ts';
import type { EdgeConfig } from '../protocol/supervision/edge.ts';
import { type AcmePlan, acmePlan } from './acme/acme-plan.ts';
import { type AppPlan, appPlan, environment } from './app-plan.ts';
import type { Certificates } from './certificates.ts';
import { type RelayPlan, relayPlan } from './relay-plan.ts';
import { milliseconds } from './units.ts';

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
  readonly bind: readonly BindAddress[];
  /** null: the account that started Kirin. */
  readonly owner: Owner | null;
  readonly umask: number;
  readonly pidFile: string | null;
  /** It runs in the background, without a terminal. */
  readonly isDaemon: boolean;
  /** For what belongs to no application. */
  readonly python: PythonChoice;
  /** null: log records go nowhere but to their files. */
  readonly relay: RelayPlan | null;
  readonly edge: EdgeConfig;
  /** null: connections are not encrypted. They change while the plan is in force. */
  readonly certificates: Certificates | null;
  /** null: none is obtained automatically. */
  readonly acme: AcmePlan | null;
  readonly apps: readonly AppPlan[];
}

export function planFrom(
  config: ResolvedConfig,
  surroundings: Surroundings,
  certificates: Certificates | null,
): Plan {
  const { settings, apps, python } = config;
  const name = settings.proc_name ?? nameOf(config);
  const { uid, gid } = surroundings.owner;
  const isOtherAccount = settings.user !== uid || settings.group !== gid;
  return {
    name,
    bind: settings.bind,
    owner: isOtherAccount ? ownerOf(settings, python.path) : null,
    umask: settings.umask,
    pidFile: settings.pidfile,
    isDaemon: settings.daemon,
    python,
    relay: relayPlan(config, name, environment(settings, config.environment, surroundings.env)),
    edge: edgeConfig(config),
    certificates,
    acme: acmePlan(config, surroundings),
    apps: apps.map((app) => appPlan(app, config, surroundings)),
  };
}

/** The one application; of several, and of none, what kirin.toml calls them. */
function nameOf({ apps }: ResolvedConfig): string {
  const [first, ...others] = apps;
  if (first !== undefined && others.length === 0) return first.app;
  return apps.length === 0 ? 'sites' : apps.map(({ name }) => name).join(', ');
}

function ownerOf({ user, group, initgroups }: Settings, python: string): Owner {
  return { uid: user, gid: group, groupsBy: initgroups ? python : null };
}

/** What the edge is told of a plan, with the certificates as they are now. */
export function edgeConfigOf({ edge, certificates }: Plan): EdgeConfig {
  return certificates === null ? edge : { ...edge, tls: certificates.tls };
}

function edgeConfig({ settings, apps, front }: ResolvedConfig): EdgeConfig {
  return {
    front,
    backlog: settings.backlog,
    gracefulTimeoutMs: longestGraceMs(apps.length === 0 ? [settings] : apps.map((app) => app.settings)),
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
    realIpHeader: settings.real_ip_header,
    secureSchemeHeaders: settings.secure_scheme_headers,
    forwarderHeaders: settings.forwarder_headers,
    headerMap: settings.header_map,
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

function longestGraceMs(settings: readonly Settings[]): number {
  return Math.max(...settings.map(({ graceful_timeout }) => milliseconds(graceful_timeout)));
}
