// Names of routes: each is one route's, and whoever sends requests to one sends them to one that there is.

import { nearest } from '../../base/edit-distance.ts';
import type { RouteSpec } from '../../protocol/supervision/site.ts';
import type { TomlContext } from '../toml/table-reader.ts';
import { placeIn } from '../toml/toml-node.ts';
import type { PlacedRoute } from './read-route.ts';

export function noteNames(routes: readonly PlacedRoute[], { file, problems }: TomlContext): void {
  const owners = new Map<string, PlacedRoute>();
  for (const placed of routes) {
    const { name } = placed.route;
    const owner = name === null ? undefined : owners.get(name);
    if (owner !== undefined) {
      const where = placeIn(file, owner.place);
      problems.push({
        place: placed.place,
        message: `this route is named ${name}, and so is that at ${where}`,
      });
    }
    if (name !== null) owners.set(name, placed);
  }
  for (const { route, place } of routes) {
    for (const name of new Set(namesIn(route))) {
      if (owners.has(name)) continue;
      const meant = nearest(name, [...owners.keys()]);
      const hint = meant === null ? `give one of this site name = "${name}"` : `did you mean @${meant}?`;
      problems.push({ place, message: `no route is named ${name}; ${hint}` });
    }
  }
}

/** Whom this route sends requests to. */
function namesIn({ action, errorPages }: RouteSpec): readonly string[] {
  const targets: string[] = errorPages?.pages.map(({ target }) => target) ?? [];
  if (action.do === 'files' && typeof action.missing === 'string' && action.missing !== 'next') {
    targets.push(action.missing);
  }
  return targets.filter((target) => target.startsWith('@')).map((target) => target.slice(1));
}
