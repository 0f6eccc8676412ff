// Settings of Gunicorn's that would have to have an effect, and have none yet or never will: any value but the default is refused.

import { dictionary, objectName, texts } from '../gunicorn-kinds.ts';
import { integer, optionalText, text } from '../kinds.ts';
import { setting } from '../setting.ts';

const YET = 'not supported yet';
const LOGGING = `${YET}; --error-logfile, --access-logfile, --access-logformat and --log-level say what is logged, and where`;
const DIRTY = 'Kirin has no dirty arbiters; run such work in a task queue';

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
      'the logs are written by the edge and the arbiter, which are no Python; --access-logformat says how a line looks',
    accepts: (name) => name === 'simple',
  }),
  logconfig: unsupportedText(['--log-config'], 'A file for logging.config', LOGGING),
  logconfig_json: unsupportedText(['--log-config-json'], 'A JSON file for logging.config', LOGGING),
  logconfig_dict: setting<object>({
    flags: [],
    kind: dictionary,
    default: {},
    help: 'A dict for logging.config',
    refused: LOGGING,
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

function unsupportedText(flags: readonly string[], help: string, why: string) {
  return setting<string | null>({ flags, kind: optionalText, default: null, help, refused: why });
}
