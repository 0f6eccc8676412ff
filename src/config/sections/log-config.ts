import { optionalFile } from '../kinds.ts';
import { logConfigDict } from '../log-config-kinds.ts';
import { setting } from '../setting.ts';

export const logConfig = {
  logconfig: setting<string | null>({
    flags: ['--log-config'],
    kind: optionalFile,
    default: null,
    help: "An ini file for Python's logging.config",
    detail:
      'Relative to the working directory that `chdir` sets. Of the three, logconfig_dict comes first, then logconfig_json.',
  }),
  logconfig_json: setting<string | null>({
    flags: ['--log-config-json'],
    kind: optionalFile,
    default: null,
    help: "A JSON file for Python's logging.config",
  }),
  logconfig_dict: setting<object>({
    flags: [],
    kind: logConfigDict,
    default: {},
    help: "A dict for Python's logging.config",
    detail: 'It may hold classes and functions.',
  }),
};
