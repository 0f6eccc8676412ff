import { flag, optionalText } from '../kinds.ts';
import { setting } from '../setting.ts';
import {
  type SyslogFacility,
  syslogAddressText,
  syslogFacility,
  usualSyslogAddress,
} from '../syslog-kinds.ts';

export const syslog = {
  syslog: setting<boolean>({
    flags: ['--log-syslog'],
    kind: flag,
    default: false,
    help: 'Send both logs to syslog, too',
    detail:
      'Requests are sent also where there is no accesslog, unless disable_redirect_access_to_syslog is set.',
  }),
  syslog_addr: setting<string>({
    flags: ['--log-syslog-to'],
    kind: syslogAddressText,
    default: usualSyslogAddress(process.platform),
    defaultText: 'of the platform; on Linux udp://localhost:514',
    help: 'Where syslog listens',
    detail:
      'udp://HOST:PORT, tcp://HOST:PORT, unix://PATH, unix://PATH#dgram or unix://PATH#stream. Without a type, whatever is at PATH is used.',
  }),
  syslog_prefix: setting<string | null>({
    flags: ['--log-syslog-prefix'],
    kind: optionalText,
    default: null,
    help: 'NAME in gunicorn.NAME.error, which lines in syslog begin with',
    defaultText: 'proc_name, with dots for its colons',
  }),
  syslog_facility: setting<SyslogFacility>({
    flags: ['--log-syslog-facility'],
    kind: syslogFacility,
    default: 'user',
    help: 'Facility of lines in syslog, such as local0',
  }),
  disable_redirect_access_to_syslog: setting<boolean>({
    flags: ['--disable-redirect-access-to-syslog'],
    kind: flag,
    default: false,
    help: 'Keep requests out of syslog',
  }),
};
