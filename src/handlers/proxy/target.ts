import type { PathMatch } from '../../protocol/supervision/site.ts';
import { parseTemplate } from '../../protocol/supervision/template.ts';
import type { Exchange } from '../exchange.ts';
import { comparablePath } from '../sites/comparable-path.ts';
import { compileTemplate } from '../template.ts';

/** What an upstream is asked for. */
export type Target = (exchange: Exchange) => string;

/**
 * `path`: of the proxy's URL. null: requests are passed on as they were sent. With variables it is the whole target, as in nginx; else
 * what the route matched is replaced by it.
 */
export function targetOf(match: PathMatch, path: string | null): Target {
  if (path === null) return asSent;
  if (parseTemplate(path).some(({ kind }) => kind !== 'text')) {
    const template = compileTemplate(path, encodeURI);
    return (exchange) => withoutBlanks(template(exchange));
  }
  const base = path;
  if (match.kind === 'exact' || match.kind === 'pattern') {
    return ({ head }) => base + queryOf(head.query);
  }
  const prefix = match.kind === 'prefix' ? match.path : '';
  const start = base.replace(/\/+$/, '');
  return ({ head }) => {
    const rest = restOf(head.path, prefix);
    // The path itself: what is written in its place.
    return (rest === '' ? base : start + rest) + queryOf(head.query);
  };
}

function asSent({ head }: Exchange): string {
  const { target } = head;
  // A proxy's own form of a target is not passed on (RFC 9112 3.2.2).
  if (target.charCodeAt(0) === 0x2f || target === '*') return target;
  return head.path + queryOf(head.query);
}

/** What follows the prefix: as it was sent, where that is written as people write it. */
function restOf(path: string, prefix: string): string {
  if (path.startsWith(prefix)) {
    const rest = path.slice(prefix.length);
    if (rest === '' || rest.startsWith('/')) return rest;
  }
  return encodeURI((comparablePath(path) ?? '').slice(prefix.length)).replace(/[?#]/g, encodeURIComponent);
}

const queryOf = (query: string): string => (query === '' ? '' : `?${query}`);

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is meant
const ENDS_TARGET = /[\x00-\x20\x7f#]/g;

function withoutBlanks(target: string): string {
  const safe = target.replace(ENDS_TARGET, (c) => `%${c.charCodeAt(0).toString(16).padStart(2, '0')}`);
  return safe.startsWith('/') ? safe : `/${safe}`;
}
