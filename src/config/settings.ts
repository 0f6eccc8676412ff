// Everything that a user can set. A row here is all that a setting needs: the command line, help, --print-config, validation
// and docs/reference/settings.md are generated from it.

import { acme } from './sections/acme.ts';
import { development } from './sections/development.ts';
import { http2 } from './sections/http2.ts';
import { leniency } from './sections/leniency.ts';
import { logConfig } from './sections/log-config.ts';
import { logging } from './sections/logging.ts';
import { paste } from './sections/paste.ts';
import { processSettings } from './sections/process.ts';
import { queue } from './sections/queue.ts';
import { refused } from './sections/refused.ts';
import { requests } from './sections/requests.ts';
import { serverSocket } from './sections/server-socket.ts';
import { staticFiles } from './sections/static-files.ts';
import { statsd } from './sections/statsd.ts';
import { syslog } from './sections/syslog.ts';
import { tls } from './sections/tls.ts';
import { trust } from './sections/trust.ts';
import { withoutEffect } from './sections/without-effect.ts';
import { workers } from './sections/workers.ts';
import type { Setting } from './setting.ts';

const TABLE = {
  ...serverSocket,
  ...workers,
  ...requests,
  ...tls,
  ...acme,
  ...staticFiles,
  ...http2,
  ...trust,
  ...leniency,
  ...queue,
  ...logging,
  ...logConfig,
  ...syslog,
  ...statsd,
  ...processSettings,
  ...paste,
  ...development,
  ...withoutEffect,
  ...refused,
};

type Table = typeof TABLE;

export type SettingName = keyof Table;

/** The resolved value of every setting, under Gunicorn's names; durations in seconds, sizes in bytes. */
export type Settings = {
  readonly [N in SettingName]: Table[N] extends Setting<infer T> ? T : never;
};

/** The table for code that treats all settings alike; each row's value type is known to itself only. */
export const SETTINGS = TABLE as unknown as Readonly<Record<SettingName, Setting<unknown>>>;

export const SETTING_NAMES = Object.keys(TABLE) as SettingName[];

/** Sections in the order of the help and of the reference page. */
export const SECTIONS: readonly { readonly title: string; readonly names: readonly SettingName[] }[] = [
  { title: 'Server socket', names: namesOf(serverSocket) },
  { title: 'Workers', names: namesOf(workers) },
  { title: 'Requests', names: namesOf(requests) },
  { title: 'TLS', names: namesOf(tls) },
  { title: 'Automatic certificates', names: namesOf(acme) },
  { title: 'Static files', names: namesOf(staticFiles) },
  { title: 'HTTP/2', names: namesOf(http2) },
  { title: 'Trust', names: namesOf(trust) },
  { title: 'Leniency', names: namesOf(leniency) },
  { title: 'Queue', names: namesOf(queue) },
  { title: 'Logging', names: namesOf({ ...logging, ...logConfig }) },
  { title: 'Syslog', names: namesOf(syslog) },
  { title: 'StatsD', names: namesOf(statsd) },
  { title: 'Process', names: namesOf(processSettings) },
  { title: 'PasteDeploy', names: namesOf(paste) },
  { title: 'Development', names: namesOf(development) },
  { title: 'Accepted, without effect', names: namesOf(withoutEffect) },
  { title: 'Refused', names: namesOf(refused) },
];

/** Whether setting it does what it says: help and reference leave out what is accepted or refused for Gunicorn's sake alone. */
export function isOffered(name: SettingName): boolean {
  const { without, refused: why } = SETTINGS[name];
  return without === undefined && why === undefined;
}

/** Sections of what is offered. */
export const OFFERED_SECTIONS = SECTIONS.map(({ title, names }) => ({
  title,
  names: names.filter(isOffered),
})).filter(({ names }) => names.length > 0);

function namesOf<S extends object>(section: S): (keyof S)[] {
  return Object.keys(section) as (keyof S)[];
}
