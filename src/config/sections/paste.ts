import { type PasteSpec, pasteGlobals, pasteSpec } from '../paste-kinds.ts';
import { setting } from '../setting.ts';

export const paste = {
  paste: setting<PasteSpec | null>({
    flags: ['--paste', '--paster'],
    kind: pasteSpec,
    default: null,
    help: 'PasteDeploy file that describes the application, in place of APP_MODULE',
    detail:
      "`production.ini`, or `production.ini#admin` for another application of it than `main`; relative to the folder in which kirin is started. When its `[server:main]` has `use = egg:gunicorn#main`, what else is there are settings, weaker than those of a configuration file. Its `[loggers]` are those of `logconfig`, unless another file is. PasteDeploy has to be installed in the application's environment; Pyramid brings it.",
  }),
  raw_paste_global_conf: setting<readonly string[]>({
    flags: ['--paste-global'],
    kind: pasteGlobals,
    default: [],
    help: 'Variable of the PasteDeploy file, KEY=VALUE; repeatable',
    detail: 'A `=` in the key is written as `\\=`.',
  }),
};
