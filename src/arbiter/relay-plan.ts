import { resolve } from 'node:path';
import { DictInFile } from '../config/log-config-kinds.ts';
import type { ResolvedConfig } from '../config/resolved-config.ts';
import type { Settings } from '../config/settings.ts';
import { parseSyslogAddress, SYSLOG_FACILITIES } from '../config/syslog-kinds.ts';
import type { LogConfigSpec, RelaySpec, RelayUse } from '../protocol/supervision/relay.ts';

/** A relay that the settings ask for. */
export interface RelayPlan {
  readonly python: string;
  readonly env: NodeJS.ProcessEnv;
  readonly spec: Omit<RelaySpec, 'path'>;
  readonly use: Omit<RelayUse, 'path'>;
}

/** null: no setting asks for one. */
export function relayPlan(resolved: ResolvedConfig, name: string, env: NodeJS.ProcessEnv): RelayPlan | null {
  const { settings, python, path } = resolved;
  const { syslog, statsd_host: statsd } = settings;
  const config = logConfig(resolved);
  if (!syslog && statsd === null && config === null) return null;
  return {
    python: python.path,
    env,
    spec: {
      name,
      syslog: syslog ? syslogSpec(settings, name) : null,
      statsd:
        statsd === null
          ? null
          : { address: statsd, prefix: settings.statsd_prefix, tags: settings.dogstatsd_tags },
      logging:
        config === null
          ? null
          : {
              config,
              errorLog: settings.errorlog,
              accessLog: settings.accesslog,
              accessLogFormat: settings.access_log_format,
              logLevel: settings.loglevel,
              chdir: settings.chdir,
              pythonPath: [...path.front.toReversed(), ...settings.pythonpath],
              pythonPathEnd: path.back,
            },
    },
    use: {
      // StatsD counts them.
      errors: true,
      access: syslog && !settings.disable_redirect_access_to_syslog,
      metrics: statsd !== null,
      atoms: false,
      onlyFrom: null,
      backlog: statsd !== null && settings.enable_backlog_metric,
    },
  };
}

/** As in Gunicorn, a dict comes before JSON, and that before an ini file. */
function logConfig({ settings, apps, configFile }: ResolvedConfig): LogConfigSpec | null {
  const { logconfig_dict: dict, logconfig_json: json, logconfig: ini } = settings;
  if (dict instanceof DictInFile) return configFile === null ? null : { kind: 'file', ...configFile };
  if (Object.keys(dict).length > 0) return { kind: 'dict', value: dict };
  // The relay and every application look for it from their own folders.
  const isShared = apps.some((app) => app.settings.chdir !== settings.chdir);
  const found = (path: string) => (isShared ? resolve(settings.chdir, path) : path);
  if (json !== null) return { kind: 'json', path: found(json) };
  return ini === null ? null : { kind: 'ini', path: found(ini) };
}

function syslogSpec(settings: Settings, name: string): RelaySpec['syslog'] {
  return {
    address: parseSyslogAddress(settings.syslog_addr),
    facility: SYSLOG_FACILITIES[settings.syslog_facility],
    // A colon ends the name of a program in a line of syslog.
    prefix: settings.syslog_prefix ?? name.replaceAll(':', '.'),
  };
}
