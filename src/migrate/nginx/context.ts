import type { FileDraft } from './draft.ts';
import type { Report } from './report.ts';
import type { Scope } from './scope.ts';
import { type Directive, words } from './syntax.ts';

export interface Wishes {
  /** What Kirin runs itself, in the place of a backend on this machine: `shop:app`. */
  readonly app: string | null;
  /** What relative paths of nginx's are relative to; null: Debian's folders. */
  readonly prefix: string | null;
  /** The folder that the kirin.toml will lie in. */
  readonly folder: string;
}

/** What every part of the conversion knows. */
export interface Context {
  readonly draft: FileDraft;
  readonly report: Report;
  readonly http: Scope;
  readonly wishes: Wishes;
  readonly upstreams: ReadonlyMap<string, Directive>;
  /** `limit_req_zone` and `limit_conn_zone`, by the names of their zones. */
  readonly zones: ReadonlyMap<string, Directive>;
  /** `proxy_cache_path`, by its zone. */
  readonly caches: ReadonlyMap<string, Directive>;
  readonly logFormats: ReadonlyMap<string, Directive>;
  /** Servers on this machine in whose place Kirin runs the application. */
  readonly replaced: Set<string>;
}

/** `name=value` among the words of a directive. */
export function parameter(directive: Directive, name: string): string | null {
  const word = words(directive).find((each) => each.startsWith(`${name}=`));
  return word === undefined ? null : word.slice(name.length + 1);
}
