import type { StatsdAddress } from '../../base/statsd-address.ts';
import { flag, text } from '../kinds.ts';
import { setting } from '../setting.ts';
import { statsdAddress } from '../statsd-kinds.ts';

export const statsd = {
  statsd_host: setting<StatsdAddress | null>({
    flags: ['--statsd-host'],
    kind: statsdAddress,
    default: null,
    help: 'Where StatsD listens: HOST:PORT, or unix://PATH',
    detail: "Metrics have Gunicorn's names and types. Several are sent in one datagram, a line each.",
  }),
  statsd_prefix: setting<string>({
    flags: ['--statsd-prefix'],
    kind: text(),
    default: '',
    help: 'What names of metrics begin with; a dot is added',
  }),
  dogstatsd_tags: setting<string>({
    flags: ['--dogstatsd-tags'],
    kind: text('TAGS'),
    default: '',
    help: 'Tags of every metric, such as env:live,app:shop',
  }),
  enable_backlog_metric: setting<boolean>({
    flags: ['--enable-backlog-metric'],
    kind: flag,
    default: false,
    help: 'Report once a second how many requests wait',
    detail: 'As gunicorn.backlog: what waits in the backlog of the socket there waits for a worker here.',
  }),
};
