// Which settings an application may have for itself: those of its processes and of its queue. All others hold for the whole of Kirin.

import { queue } from './sections/queue.ts';
import { workers } from './sections/workers.ts';
import type { SettingName } from './settings.ts';

export const APP_SETTINGS: ReadonlySet<SettingName> = new Set([
  ...(Object.keys(workers) as (keyof typeof workers)[]),
  ...(Object.keys(queue) as (keyof typeof queue)[]),
  'wsgi_app',
  'chdir',
  'python',
  'pythonpath',
  'raw_env',
  'script_name',
  'capture_output',
  'reload',
  'reload_engine',
  'reload_extra_files',
  'spew',
] as const);
