import { choice, flag } from '../kinds.ts';
import { filePatterns } from '../process-kinds.ts';
import { setting } from '../setting.ts';

export const development = {
  reload: setting<boolean>({
    flags: ['--reload'],
    kind: flag,
    default: false,
    help: 'Reload when the code changes; for development',
    detail:
      'Code that does not load is shown in the terminal and to every client, with its traceback, until it is mended.',
    caution: 'for development only: every client is shown the traceback of code that does not load',
    common: true,
  }),
  reload_engine: setting<'auto' | 'poll' | 'inotify'>({
    flags: ['--reload-engine'],
    kind: choice(['auto', 'poll', 'inotify'], 'NAME'),
    default: 'auto',
    help: 'How changes are noticed: auto, poll or inotify',
    detail:
      "`inotify`: by the system's notifications. `poll`: by looking every second. `auto`: by notifications, and by looking as well where the system gives none: on network filesystems, and in folders that a desktop shares with a container.",
  }),
  reload_extra_files: setting<readonly string[]>({
    flags: ['--reload-extra-file'],
    kind: filePatterns,
    default: [],
    help: 'Another file, folder or pattern to watch for --reload; repeatable',
    detail:
      "Relative to the app's folder. In a pattern, `*`, `?` and `[…]` stand for characters of a name, and `**` for any folders; files that match later count from then on. A wildcard stands for no name that begins with a dot, nor for `__pycache__` and `node_modules`. A folder is all that is in it. Quote patterns, or the shell expands them: `--reload-extra-file 'templates/**/*.html'`.",
  }),
  spew: setting<boolean>({
    flags: ['--spew'],
    kind: flag,
    default: false,
    help: 'Print every line of Python that runs, to standard output',
    caution: 'every line of Python that runs is printed, which makes it many times slower',
  }),
};
