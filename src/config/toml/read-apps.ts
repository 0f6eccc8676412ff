// `[apps.NAME]` of a kirin.toml.

import { nearest } from '../../base/edit-distance.ts';
import { DEFAULT_APP } from '../../protocol/supervision/front.ts';
import type { Given } from '../command-line.ts';
import { type FileValue, ValueProblem } from '../setting.ts';
import { APP, givenIn } from './setting-table.ts';
import type { TomlContext } from './table-reader.ts';
import type { Place } from './toml-node.ts';

export const APPS = 'apps';

/** An application that a file describes, with what is set for it alone. */
export interface AppTable {
  readonly name: string;
  /** `kirin.toml [apps.shop]`, for people. */
  readonly source: string;
  readonly given: readonly Given[];
  readonly place: Place;
}

/** What routes may name. */
export interface AppNames {
  readonly names: readonly string[];
  /** Who answers what names no application; null: nobody does. */
  readonly fallback: string | null;
}

export function readApps(context: TomlContext): readonly AppTable[] {
  const entry = context.document.entries.get(APPS);
  if (entry === undefined) return [];
  const note = (place: Place, message: string) => void context.problems.push({ place, message });
  if (entry.node.kind !== 'table') {
    note(entry.place, `${APPS} = ${entry.node.text}: not tables; each begins with [${APPS}.NAME]`);
    return [];
  }
  const apps: AppTable[] = [];
  for (const [name, { place, node }] of entry.node.entries) {
    if (name === DEFAULT_APP) {
      note(
        place,
        `'${name}' is the application that ${APP} at the top of the file names; give this another name`,
      );
    } else if (!/^[\w.-]+$/.test(name)) {
      note(place, `'${name}' is no name of an application; give one of letters, digits, dots, - and _`);
    } else if (node.kind !== 'table') {
      note(
        place,
        `${name} = ${node.text}: not a table; write [${APPS}.${name}], and ${APP} = ${node.text} below it`,
      );
    } else {
      const source = `${context.file} [${APPS}.${name}]`;
      const problems = context.problems.length;
      const given = givenIn(node, { by: source, others: [], isApp: true }, context);
      const hasApp = given.some((each) => each.name === 'wsgi_app');
      if (!hasApp && context.problems.length === problems)
        note(place, `the application ${name} has no ${APP}; give it one, such as ${APP} = "${name}:app"`);
      apps.push({ name, source, given, place });
    }
  }
  return apps;
}

/** For `app` of a route: true, or a name. */
export function appFrom({ names, fallback }: AppNames): (value: FileValue) => string {
  return (value) => {
    if (typeof value === 'string') return known(value, names);
    if (value !== true) throw new ValueProblem('give true, or the name of an application');
    if (fallback !== null) return fallback;
    throw new ValueProblem(`there are several applications, so give the name of one: ${names.join(', ')}`);
  };
}

/** For `app` of a site. */
export function known(value: FileValue, names: readonly string[]): string {
  if (typeof value !== 'string') throw new ValueProblem('give the name of an application');
  if (names.includes(value)) return value;
  const meant = nearest(value, names);
  const hint =
    meant !== null
      ? `; did you mean ${meant}?`
      : names.length === 0
        ? `; describe it as [${APPS}.${value}]`
        : `; there ${names.length === 1 ? 'is' : 'are'} ${names.join(', ')}`;
  throw new ValueProblem(`no application is called so${hint}`);
}
