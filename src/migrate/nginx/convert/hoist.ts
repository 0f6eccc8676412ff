// What most routes of a site say is said once, for the site.

import type { DraftEntry, SiteDraft, TableDraft, TomlValue } from '../draft.ts';

/** How a route says that it has none of what its site has; undefined: it does not matter there. */
const NONE: Readonly<Record<string, TomlValue | undefined>> = {
  access_log: false,
  compress: false,
  max_body: undefined,
  error_pages: false,
  add_headers: {},
};

/** These are only said for a site when all of its routes say them: what answers before anybody is asked has none. */
const OF_ALL = ['allow', 'deny', 'satisfy', 'basic_auth', 'rate_limit', 'connection_limit'];

export function hoist(site: SiteDraft): void {
  if (site.routes.length < 2) return;
  for (const key of OF_ALL) {
    const shared = mostSaid(site, key);
    if (shared?.count === site.routes.length) say(site, key, shared.entry);
  }
  for (const [key, none] of Object.entries(NONE)) {
    const shared = mostSaid(site, key);
    const without = site.routes.filter((route) => !route.has(key));
    if (shared === null || shared.count < 2 || shared.count <= without.length) continue;
    for (const route of without) if (none !== undefined && !isIndifferent(route, key)) route.set(key, none);
    say(site, key, shared.entry);
  }
}

/** A redirect has nothing to compress, and is no error. */
function isIndifferent(route: TableDraft, key: string): boolean {
  return route.has('redirect') && (key === 'compress' || key === 'error_pages');
}

interface Shared {
  readonly entry: DraftEntry;
  readonly count: number;
}

function mostSaid(site: SiteDraft, key: string): Shared | null {
  const byText = new Map<string, DraftEntry[]>();
  for (const { entries } of site.routes) {
    const entry = entries.get(key);
    if (entry === undefined) continue;
    const text = JSON.stringify(entry.value);
    byText.set(text, [...(byText.get(text) ?? []), entry]);
  }
  const [most] = [...byText.values()].sort((a, b) => b.length - a.length);
  return most?.[0] === undefined ? null : { entry: most[0], count: most.length };
}

function say(site: SiteDraft, key: string, entry: DraftEntry): void {
  const text = JSON.stringify(entry.value);
  site.entries.set(key, entry);
  for (const { entries } of site.routes) {
    if (JSON.stringify(entries.get(key)?.value) === text) entries.delete(key);
  }
}
