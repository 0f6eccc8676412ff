import { dirname, resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { RouteSpec, SiteSpec } from '../protocol/supervision/site.ts';
import type { Machine } from './machine.ts';
import { SETTING_NAMES, SETTINGS, type Settings } from './settings.ts';
import type { Sources } from './sources.ts';

/** Something about the configuration that is said once, at the start. */
export interface Notice {
  readonly level: 'info' | 'warning' | 'error';
  readonly message: string;
}

/** Settings that were set and have no effect, or one that should be known. */
export function settingNotices(settings: Settings, sources: Sources): Notice[] {
  return SETTING_NAMES.flatMap((name) => {
    const { without, caution, default: usual } = SETTINGS[name];
    if (sources[name] === 'default' || isDeepStrictEqual(settings[name], usual)) return [];
    const source = `${name} (from ${sources[name]})`;
    const notices: Notice[] = [];
    if (without !== undefined)
      notices.push({ level: 'info', message: `${source} has no effect: ${without}` });
    if (caution !== undefined) notices.push({ level: 'warning', message: `${source}: ${caution}` });
    return notices;
  });
}

/** Folders that are not there: mistyped, or made later, as one for uploads may be. */
export function staticFilesNotices({ static_files, chdir }: Settings, machine: Machine): Notice[] {
  return static_files.flatMap(({ prefix, folder }) => {
    const path = resolve(chdir, folder);
    if (machine.exists(path)) return [];
    const message = `static_files ${prefix || '/'}=${folder}: there is no ${path} yet; requests for it are answered as for a file that is missing`;
    return [{ level: 'warning', message }];
  });
}

/** The same for what sites and routes name. */
export function siteFileNotices(sites: readonly SiteSpec[], machine: Machine): Notice[] {
  const named = sites.flatMap(({ routes }) => routes.flatMap(filesOf));
  return named.flatMap(([key, path, then]) =>
    machine.exists(path) ? [] : [{ level: 'warning', message: `${key}: there is no ${path} yet; ${then}` }],
  );
}

function filesOf({ action, basicAuth, accessLog, sendfileFrom }: RouteSpec): readonly NamedFile[] {
  const named: NamedFile[] = sendfileFrom.map((folder) => ['sendfile_from', folder, 'nothing is sent of it']);
  if (action.do === 'files') {
    named.push(['files', action.folder, 'requests for it are answered as for a file that is missing']);
  }
  if (basicAuth !== null && basicAuth.file !== null) {
    named.push(['basic_auth', basicAuth.file, 'nobody is let in']);
  }
  if (accessLog !== null && accessLog !== 'off' && accessLog.file !== '-') {
    named.push(['access_log', dirname(accessLog.file), "its lines go to the server's log"]);
  }
  return named;
}

type NamedFile = readonly [key: string, path: string, then: string];

/** Gunicorn says so, too. */
export function http2Notices(
  { http_protocols, certfile, http2_cleartext }: Settings,
  sources: Sources,
  sites: readonly SiteSpec[],
): Notice[] {
  if (sites.some(({ tls }) => tls !== null)) return [];
  if (!http_protocols.includes('h2') || certfile !== null || http2_cleartext !== 'off') return [];
  const message = `http_protocols (from ${sources.http_protocols}) names h2, and without a certificate nobody will speak it: give certfile and keyfile, or http2_cleartext for a proxy`;
  return [{ level: 'warning', message }];
}
