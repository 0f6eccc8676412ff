// What nginx asks for once more in the place of a folder: its index, which may have a location of its own.

import type { Context } from '../context.ts';
import { TableDraft } from '../draft.ts';
import { Scope } from '../scope.ts';
import { words } from '../syntax.ts';
import { type Location, locationFor } from './locations.ts';
import { PROGRAMS } from './nothing-to-set.ts';
import { writeOptions } from './options.ts';

/** `location = /index.html`: nginx goes there from the folder, by `index`. */
export function indexRoutes(
  locations: readonly Location[],
  server: Scope,
  context: Context,
): readonly TableDraft[] {
  noteIndexes(locations, server, context);
  return locations.flatMap(({ scope, match }) => {
    const [, folder, name] = (match.kind === 'exact' && /^(.*\/)([^/]+)$/.exec(match.path)) || [];
    if (folder === undefined || match.kind !== 'exact') return [];
    const above = locationFor(folder, server);
    const of = above === null ? server : new Scope(above, server);
    const tries = of.own('try_files').at(-1);
    const index = of.one('index');
    const isIndex =
      [of, scope].every(servesFiles) &&
      (tries === undefined || words(tries).includes('$uri/')) &&
      (index === null ? name === 'index.html' : words(index)[0] === name);
    if (!isIndex || above === scope.directive) return [];
    const isNamed = locations.some((each) => each.match.kind === 'exact' && each.match.path === folder);
    if (isNamed) return [];
    const route = new TableDraft().set('exact', folder).set('rewrite', match.path).set('again', true);
    route.comments.push(`as nginx goes from ${folder} to its index`);
    writeOptions(route, of, false, context);
    return [route];
  });
}

/** `location ~ \.html$`: nginx goes there, too, but whether a folder has an index is known only when it is asked for. */
function noteIndexes(locations: readonly Location[], server: Scope, { report }: Context): void {
  for (const { scope, match } of locations) {
    if (match.kind !== 'any' && (match.kind !== 'prefix' || !match.path.endsWith('/'))) continue;
    const tries = scope.own('try_files').at(-1);
    const hasIndex = tries === undefined || words(tries).includes('$uri/');
    if (!hasIndex || !servesFiles(scope)) continue;
    const index = scope.word('index') ?? 'index.html';
    const path = `${match.kind === 'any' ? '/' : match.path}${index}`;
    const found = locationFor(path, server);
    if (locations.some((each) => each.match.kind === 'regex' && each.scope.directive === found)) {
      report.differs(found, `holds for ${path}, and not where that is served as the index of its folder`);
    }
  }
}

/** By their paths. */
function servesFiles(scope: Scope): boolean {
  return scope.own('proxy_pass', 'return', 'alias', ...PROGRAMS).length === 0;
}
