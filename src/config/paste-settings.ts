// What a PasteDeploy file says about the server, as python/kirin_worker/paste_server.py reports it.

import { nearest } from '../base/edit-distance.ts';
import { NO_FRONT } from '../protocol/supervision/front.ts';
import type { Given } from './command-line.ts';
import type { FileSettings } from './file-settings.ts';
import type { Notice } from './notices.ts';
import { SETTING_NAMES, type SettingName } from './settings.ts';

export interface PasteReport {
  /** Of `[server:main]`, where that is for Gunicorn. */
  readonly settings: Readonly<Record<string, string>>;
  readonly hasLoggers: boolean;
}

/** `name` is the file as people know it, `path` its absolute path. */
export function pasteSettings(
  name: string,
  path: string,
  { settings: found, hasLoggers }: PasteReport,
): FileSettings {
  const { host, port, ...others } = found;
  const given: Given[] = addresses(host, port).map((text) => givenBy(name, 'bind', text));
  const notices: Notice[] = [];
  if (hasLoggers) given.push(givenBy(name, 'logconfig', path));
  for (const [key, text] of Object.entries(others)) {
    const setting = SETTING_NAMES.find((each) => each === key.toLowerCase());
    if (setting !== undefined) given.push(givenBy(name, setting, text));
    else notices.push({ level: 'warning', message: `${name}: ${key} is no setting${suggestion(key)}` });
  }
  return {
    name,
    given,
    notices,
    hooks: [],
    apps: [],
    front: NO_FRONT,
    environment: {},
    path: { front: [], back: [] },
    sslContext: null,
    problems: [],
  };
}

/** As Gunicorn puts them together; a port alone says nothing. */
function addresses(host: string | undefined, port: string | undefined): string[] {
  if (host === undefined || host === '') return [];
  return port === undefined || port === '' ? host.split(',') : [`${host}:${port}`];
}

const givenBy = (by: string, name: SettingName, text: string): Given => ({ name, text, by, value: text });

function suggestion(key: string): string {
  const meant = nearest(key, SETTING_NAMES);
  return meant === null ? '' : `; did you mean ${meant}?`;
}
