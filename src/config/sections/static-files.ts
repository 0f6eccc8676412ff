import { choice, flag, integer } from '../kinds.ts';
import { type Kind, setting } from '../setting.ts';
import { type StaticMapping, staticMappings } from '../static-kinds.ts';

const maxAge: Kind<number | null> = { ...integer({ example: 3600 }), metavar: 'SECONDS' };

export const staticFiles = {
  static_files: setting<readonly StaticMapping[]>({
    flags: ['--static'],
    kind: staticMappings,
    default: [],
    help: "Serve a folder's files without the app; repeatable",
    detail:
      '`--static /static=./static` answers requests for `/static/…`; of several prefixes the longest counts, and a single file may stand in a folder’s place. In a configuration file it is a list of such texts, or a dict. See [Static files](../operate/static-files.md).',
  }),
  static_max_age: setting<number | null>({
    flags: ['--static-max-age'],
    kind: maxAge,
    default: null,
    help: 'How long clients may keep static files without asking',
    detail: 'In seconds: the max-age of Cache-Control. Without it clients ask each time, or guess.',
  }),
  static_missing: setting<'not-found' | 'app'>({
    flags: ['--static-missing'],
    kind: choice(['not-found', 'app'], 'WHO'),
    default: 'not-found',
    help: 'Who answers where there is no static file: not-found (404), or the app',
    detail:
      'With `app` it also gets the methods other than GET and HEAD, so `--static /=public --static-missing app` puts a folder before the whole site.',
  }),
  static_listing: setting<boolean>({
    flags: ['--static-listing'],
    kind: flag,
    default: false,
    help: 'Show what is in folders of static files that have no index.html',
  }),
  static_symlinks: setting<'off' | 'inside' | 'follow'>({
    flags: ['--static-symlinks'],
    kind: choice(['off', 'inside', 'follow'], 'WHICH'),
    default: 'inside',
    help: 'Symbolic links that are followed: off (none), inside (that stay in the folder), follow (all)',
    detail: 'The folder itself may be reached by any link.',
  }),
};
