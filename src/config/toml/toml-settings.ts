// What a kirin.toml sets: the settings, by their names, `app`, which is what to run, and the tables for applications and sites.

import { DEFAULT_APP } from '../../protocol/supervision/front.ts';
import type { Given } from '../command-line.ts';
import type { Problem } from '../config-error.ts';
import type { FileSettings } from '../file-settings.ts';
import { FRONT_KEYS, readFront } from '../sites/read-front.ts';
import { APPS, type AppNames, type AppTable, readApps } from './read-apps.ts';
import { APP, givenIn } from './setting-table.ts';
import type { TomlContext, TomlProblem } from './table-reader.ts';
import { placeIn, type TomlTable } from './toml-node.ts';

/**
 * `name` is the file's as people know it, `folder` the absolute one it lies in: what is relative is so to that folder, from wherever
 * kirin is started. `hasCommandApp`: the command line names an application.
 */
export function tomlSettings(
  name: string,
  folder: string,
  document: TomlTable,
  hasCommandApp = false,
): FileSettings {
  const problems: TomlProblem[] = [];
  const beforeApps: TomlContext = {
    file: name,
    folder,
    document,
    problems,
    apps: { names: [], fallback: null },
  };
  const apps = readApps(beforeApps);
  const context = { ...beforeApps, apps: namesOf(apps, document, hasCommandApp) };
  const { front, unreached } = readFront(context);
  const given = givenIn(document, { by: name, others: [APPS, ...FRONT_KEYS], isApp: false }, context);
  return {
    name,
    given: [chdirOf(given, name, folder), ...given.filter((each) => each.name !== 'chdir')],
    hooks: [],
    notices: apps
      .filter((app) => unreached.includes(app.name))
      .map(({ name: app, place }) => ({
        level: 'warning',
        message: `${placeIn(name, place)}: no route leads to the application ${app}`,
      })),
    environment: {},
    path: { front: [], back: [] },
    sslContext: null,
    apps: apps.map(({ name: app, source, given: own }) => ({
      name: app,
      source,
      given: own.map((each) => inFolder(each, folder)),
    })),
    front,
    problems: problems.sort(byPlace).map((problem) => asProblem(name, problem)),
  };
}

/** What is not for a certain application is for the one at the top of the file, or for the only one. */
function namesOf(apps: readonly AppTable[], document: TomlTable, hasCommandApp: boolean): AppNames {
  const isAtTop = [APP, 'wsgi_app', 'paste'].some((key) => document.entries.has(key));
  const names = apps.map(({ name }) => name);
  if (isAtTop || hasCommandApp || names.length === 0) {
    return { names: names.length === 0 ? [] : [DEFAULT_APP, ...names], fallback: DEFAULT_APP };
  }
  return { names, fallback: names.length === 1 ? (names[0] as string) : null };
}

/** The folder of the file, unless the file names another. */
function chdirOf(given: readonly Given[], by: string, folder: string): Given {
  const own = given.find((each) => each.name === 'chdir');
  return own === undefined ? { name: 'chdir', text: folder, by } : inFolder(own, folder);
}

function inFolder(given: Given, folder: string): Given {
  const { name, value } = given;
  if (name !== 'chdir' || typeof value !== 'string' || value.startsWith('/')) return given;
  return { ...given, value: `${folder}/${value}` };
}

function byPlace({ place: a }: TomlProblem, { place: b }: TomlProblem): number {
  return a.line - b.line || a.column - b.column;
}

function asProblem(file: string, { place, message }: TomlProblem): Problem {
  return { fault: 'meaning', message: `${placeIn(file, place)}: ${message}` };
}
