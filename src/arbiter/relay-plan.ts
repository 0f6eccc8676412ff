import type { ResolvedConfig } from '../config/resolved-config.ts';
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
  if (!settings.syslog) return null;
  return {
    python: python.path,
    env,
    spec: {
      name,
      syslog: {
        address: parseSyslogAddress(settings.syslog_addr),
        facility: SYSLOG_FACILITIES[settings.syslog_facility],
        // A colon ends the name of a program in a line of syslog.
        prefix: settings.syslog_prefix ?? name.replaceAll(':', '.'),
      },
    },
    use: { errors: true, access: !settings.disable_redirect_access_to_syslog },
  };
}
