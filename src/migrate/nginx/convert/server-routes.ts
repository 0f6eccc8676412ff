// A server's locations as the routes of a site.

import type { Context } from '../context.ts';
import { TableDraft } from '../draft.ts';
import { Scope } from '../scope.ts';
import { type Directive, words } from '../syntax.ts';
import { earlyRoutes } from './block.ts';
import { METHODS } from './conditions.ts';
import { filesRoute } from './files.ts';
import { guards } from './guards.ts';
import { indexRoutes } from './indexes.ts';
import { inOrder, type Location, locationsOf, prefixOf } from './locations.ts';
import { type Match, routeFor } from './match.ts';
import { OF_OTHER_PROTOCOLS, otherProtocol, PROGRAMS } from './nothing-to-set.ts';
import { writeOptions } from './options.ts';
import { proxyRoute } from './proxy.ts';

/** The last of them takes all that the others do not, but for named ones behind it. */
export function serverRoutes(
  server: Scope,
  hosts: readonly string[],
  context: Context,
): readonly TableDraft[] {
  const early = earlyRoutes({ scope: server, match: { kind: 'any' }, hosts }, context);
  const locations = inOrder(locationsOf(server, context.report));
  if (early.isFinal) {
    for (const { scope } of locations) context.report.unreached(scope.directive);
    return early.routes;
  }
  const routes = [
    ...indexRoutes(locations, server, context),
    ...locations.flatMap((location) => locationRoutes(location, hosts, context)),
  ];
  const hasRest = locations.some(({ match }) => match.kind === 'any');
  const named = routes.filter((route) => route.has('name'));
  const paths = routes.filter((route) => !route.has('name'));
  const rest = hasRest ? [] : [filesWithOptions(server, { kind: 'any' }, context)];
  return [...early.routes, ...early.behindFiles, ...paths, ...rest, ...named];
}

function locationRoutes(
  location: Location,
  hosts: readonly string[],
  context: Context,
): readonly TableDraft[] {
  const { scope, match } = location;
  const early = earlyRoutes({ scope, match, hosts }, context);
  const rest = early.isFinal ? [] : content(location, early.behindFiles.length > 0, context);
  if (early.isFinal) noteUnreached(scope, context);
  const routes = [...early.routes, ...exceptMethods(scope, rest, context), ...rest, ...early.behindFiles];
  const internal = scope.own('internal').at(-1) ?? null;
  context.report.carried(internal);
  if (internal !== null) for (const route of routes) route.set('internal', true, internal);
  routes[0]?.comments.push(['location', ...words(scope.directive)].join(' '));
  return routes;
}

/** `return` answers before anybody is asked who they are, and before limits: in nginx, too. */
function noteUnreached(scope: Scope, { report }: Context): void {
  for (const each of scope.directive.block ?? []) {
    if (BEHIND_RETURN.test(each.name)) report.unreached(each);
  }
}

const BEHIND_RETURN =
  /^(allow|deny|satisfy|auth_|limit_(req|conn)|try_files$|root$|alias$|index$|autoindex|proxy_|(uwsgi|fastcgi|scgi|grpc)_)/;

/** limit_except: who may use other methods than those that it names. */
function exceptMethods(scope: Scope, routes: readonly TableDraft[], context: Context): readonly TableDraft[] {
  return scope.own('limit_except').flatMap((directive) => {
    const named = words(directive).flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method]));
    const inner = new Scope(directive, scope);
    context.report.differs(directive, 'holds for the methods that are registered, and are not named');
    return routes.map((route) => {
      const others = METHODS.filter((method) => !named.includes(method));
      const made = new TableDraft().set('methods', others, directive);
      for (const [key, entry] of route.entries) made.entries.set(key, entry);
      for (const key of ['allow', 'deny', 'basic_auth']) made.entries.delete(key);
      guards(made, inner, context);
      return made;
    });
  });
}

function content(location: Location, isBeforeOthers: boolean, context: Context): readonly TableDraft[] {
  const { scope, match } = location;
  const pass = scope.own('proxy_pass').at(-1);
  if (pass !== undefined) return [...withSlash(location, context), proxied(pass, scope, match, context)];
  const program = scope.own(...PROGRAMS).at(-1);
  if (program !== undefined) return [runByProtocol(program, scope, match, context)];
  const status = scope.own('stub_status').at(-1);
  if (status !== undefined) {
    const route = routeFor(match).set('respond', 501, status);
    writeOptions(route, scope, true, context);
    return [route];
  }
  const route = filesWithOptions(scope, match, context);
  const files = route.get('files');
  if (isBeforeOthers && files !== undefined) {
    route.set(
      'files',
      { ...(typeof files === 'string' ? { folder: files } : (files as object)), missing: 'next' },
      scope.directive,
    );
  }
  return [route];
}

function proxied(pass: Directive, scope: Scope, match: Match, context: Context): TableDraft {
  const tries = scope.own('try_files').at(-1);
  if (tries !== undefined)
    context.report.missing(
      tries,
      'a route serves files, or passes requests on; put the files in a route of their own',
    );
  const route = proxyRoute(pass, scope, match, context);
  writeOptions(route, scope, true, context);
  return route;
}

/** uwsgi_pass and its like: with --app Kirin runs what is behind it. */
function runByProtocol(pass: Directive, scope: Scope, match: Match, context: Context): TableDraft {
  const { report, wishes } = context;
  const route = routeFor(match);
  if (wishes.app !== null && pass.name === 'uwsgi_pass') {
    const by = 'Kirin runs the application itself';
    report.carried(pass, `${by}, in the place of ${words(pass)[0]}`);
    const params = (scope.directive.block ?? []).filter(({ name }) => OF_OTHER_PROTOCOLS.test(name));
    for (const each of [...params, ...scope.all('uwsgi_param')]) report.carried(each, by);
    route.set('app', true, pass);
  } else {
    report.missing(pass, otherProtocol(pass.name));
    route.set('respond', 501, pass);
  }
  writeOptions(route, scope, true, context);
  return route;
}

function filesWithOptions(scope: Scope, match: Match, context: Context): TableDraft {
  const route = filesRoute(scope, match, context);
  writeOptions(route, scope, true, context);
  return route;
}

/** nginx sends /api to /api/, where that is a proxy's. */
function withSlash(location: Location, context: Context): readonly TableDraft[] {
  const path = prefixOf(location);
  if (location.match.kind !== 'prefix' || !path.endsWith('/')) return [];
  const exact = path.slice(0, -1);
  const isTaken = location.scope.parent
    ?.own('location')
    .some((each) => words(each).join(' ') === `= ${exact}`);
  if (isTaken) return [];
  const route = routeFor({ kind: 'exact', path: exact })
    .set('redirect', `${path}$is_args$args`, location.scope.directive)
    .set('status', 301);
  writeOptions(route, location.scope, false, context);
  return [route];
}
