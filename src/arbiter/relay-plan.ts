import type { ResolvedConfig } from '../config/resolved-config.ts';
import type { Settings } from '../config/settings.ts';
import { parseSyslogAddress, SYSLOG_FACILITIES } from '../config/syslog-kinds.ts';
import type { RelaySpec, RelayUse } from '../protocol/supervision/relay.ts';

/** A relay that the settings ask for. */
export interface RelayPlan {
  readonly python: string;
  readonly env: NodeJS.ProcessEnv;
  readonly spec: Omit<RelaySpec, 'path'>;
  readonly use: Omit<RelayUse, 'path'>;
}

/** null: no setting asks for one. */
export function relayPlan(
  { settings, python }: ResolvedConfig,
  name: string,
  env: NodeJS.ProcessEnv,
): RelayPlan | null {
  const { syslog, statsd_host: statsd } = settings;
  if (!syslog && statsd === null) return null;
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
    },
    use: {
      // StatsD counts them.
      errors: true,
      access: syslog && !settings.disable_redirect_access_to_syslog,
      metrics: statsd !== null,
      backlog: statsd !== null && settings.enable_backlog_metric,
    },
  };
}

function syslogSpec(settings: Settings, name: string): RelaySpec['syslog'] {
  return {
    address: parseSyslogAddress(settings.syslog_addr),
    facility: SYSLOG_FACILITIES[settings.syslog_facility],
    // A colon ends the name of a program in a line of syslog.
    prefix: settings.syslog_prefix ?? name.replaceAll(':', '.'),
  };
}
