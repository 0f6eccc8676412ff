// Location and Refresh, as nginx's proxy_redirect: an upstream that redirects to itself knows only the name that it is asked by.

import type { ProxySpec } from '../../protocol/supervision/proxy.ts';
import type { PathMatch } from '../../protocol/supervision/site.ts';
import { parseTemplate } from '../../protocol/supervision/template.ts';
import type { Exchange, Groups } from '../exchange.ts';
import { compileTemplate, type Template } from '../template.ts';

/** `null`: it is not for this one. */
type Rule = (url: string, exchange: Exchange) => string | null;

/** `5; url=http://…` */
const REFRESH = /^([^;,]*[;,]\s*url\s*=\s*["']?)(.*)$/is;

export class Redirects {
  readonly #rules: readonly Rule[];

  constructor({ redirects, scheme, host, path }: ProxySpec, match: PathMatch) {
    if (redirects === 'off') this.#rules = [];
    else if (redirects === 'own') this.#rules = ownRules(`${scheme}://${host}`, path, match);
    else
      this.#rules = redirects.map(([from, to]) =>
        from.startsWith('~') ? byPattern(from, to) : byPrefix(from, to),
      );
  }

  /** @param name in lower case: location or refresh */
  rewritten(name: string, value: string, exchange: Exchange): string {
    if (this.#rules.length === 0) return value;
    const [, before = '', url = ''] = name === 'location' ? ['', '', value] : (REFRESH.exec(value) ?? []);
    for (const rule of this.#rules) {
      const changed = rule(url, exchange);
      if (changed !== null) return before + changed;
    }
    return value;
  }
}

/** The proxy's own URL becomes the route's path. */
function ownRules(origin: string, path: string | null, match: PathMatch): readonly Rule[] {
  if (path === null) return [byText(`${origin}/`, '/')];
  // Where requests go depends on more than a prefix.
  const isPrefix = match.kind === 'prefix' || match.kind === 'exact' || match.kind === 'any';
  if (!isPrefix || parseTemplate(path).some(({ kind }) => kind !== 'text')) return [];
  const own = match.kind === 'any' ? '' : encodeURI(match.path);
  const base = origin + path.replace(/\/+$/, '');
  const itself = own === '' || (match.kind === 'prefix' && match.isBelow) ? `${own}/` : own;
  return [byText(`${base}/`, `${own}/`), (url) => (url === base ? itself : null)];
}

function byText(from: string, to: string): Rule {
  return (url) => (url.startsWith(from) ? to + url.slice(from.length) : null);
}

function byPrefix(from: string, to: string): Rule {
  const start = compileTemplate(from);
  const replacement = compileTemplate(to);
  return (url, exchange) => {
    const prefix = start(exchange);
    return url.startsWith(prefix) ? replacement(exchange) + url.slice(prefix.length) : null;
  };
}

/** `~^http://(\w+)\.example/` or, in any case, `~*…`; the groups are `$1` and so on. */
function byPattern(from: string, to: string): Rule {
  const isAnyCase = from.startsWith('~*');
  const pattern = new RegExp(from.slice(isAnyCase ? 2 : 1), isAnyCase ? 'iu' : 'u');
  // What was found is bytes already.
  const replacement = compileTemplate(to, (bytes) => bytes);
  return (url, exchange) => {
    const found = pattern.exec(url);
    return found === null ? null : withGroups(exchange, found.slice(1), replacement);
  };
}

/** The pattern's groups stand in for those of the route for a moment. */
function withGroups(exchange: Exchange, groups: Groups, template: Template): string {
  const before = exchange.groups;
  exchange.groups = groups;
  const text = template(exchange);
  exchange.groups = before;
  return text;
}
