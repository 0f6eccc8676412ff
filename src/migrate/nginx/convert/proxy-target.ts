// What proxy_pass names.

import type { Context } from '../context.ts';
import type { Scope } from '../scope.ts';
import { words } from '../syntax.ts';
import { withSets } from '../variables.ts';

export interface Target {
  /** `http`, `https` */
  readonly scheme: string;
  /** A name of an upstream, an address with or without a port, or `unix:PATH`. */
  readonly host: string;
  /** From the slash on; null: requests are passed as they are. */
  readonly uri: string | null;
}

/** null: it cannot be made out. */
export function targetOf(text: string, scope: Scope): Target | null {
  const resolved = withSets(text, scope);
  const unix = /^(https?):\/\/unix:([^:]+)(?::(.*))?$/.exec(resolved);
  if (unix !== null) return { scheme: unix[1] as string, host: `unix:${unix[2]}`, uri: unix[3] || null };
  const plain = /^(https?):\/\/([^/]+)(\/.*)?$/.exec(resolved);
  if (plain === null) return null;
  return { scheme: plain[1] as string, host: plain[2] as string, uri: plain[3] ?? null };
}

const LOCAL = /^(unix:|127\.|localhost(:|$)|\[::1\])/;

/** Whether it is a server on this machine, such as Gunicorn; also by a name of an upstream. */
export function isLocal(host: string, { upstreams }: Context): boolean {
  const upstream = upstreams.get(host);
  if (upstream === undefined) return LOCAL.test(host);
  const servers = (upstream.block ?? []).filter(({ name }) => name === 'server');
  return servers.length > 0 && servers.every((server) => LOCAL.test(words(server)[0] ?? ''));
}
