// Settings of Gunicorn's that would have to have an effect, and have none yet or never will: any value but the default is refused.

import { objectName, texts } from '../gunicorn-kinds.ts';
import { integer, text } from '../kinds.ts';
import { setting } from '../setting.ts';

const DIRTY = 'Kirin has no dirty arbiters; run such work in a task queue';

/** With these names a file says no more than that the logs are Gunicorn's; StatsD is chosen by statsd_host. */
const OWN_LOGGERS = ['simple', 'gunicorn.instrument.statsd.Statsd'];

export const refused = {
  protocol: setting<string>({
    flags: ['--protocol'],
    kind: text(),
    default: 'http',
    help: 'What clients speak: http or uwsgi',
    refused: 'Kirin speaks HTTP alone; in nginx, write proxy_pass in place of uwsgi_pass',
  }),
  logger_class: setting<string>({
    flags: ['--logger-class'],
    kind: objectName,
    default: 'gunicorn.glogging.Logger',
    help: 'A Python class that writes the logs',
    refused:
      'requests are logged by the edge, which is no Python; a filter or a formatter of yours in logconfig_dict does what such a class is for',
    accepts: (name) => OWN_LOGGERS.includes(name),
  }),
  dirty_apps: setting<readonly string[]>({
    flags: ['--dirty-app'],
    kind: texts,
    default: [],
    help: 'Applications of dirty workers',
    refused: DIRTY,
  }),
  dirty_workers: setting<number>({
    flags: ['--dirty-workers'],
    kind: integer({ example: 2 }),
    default: 0,
    help: 'Processes for tasks that take long',
    refused: DIRTY,
  }),
};
