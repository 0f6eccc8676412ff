import { isDeepStrictEqual } from 'node:util';
import type { FrontSpec } from '../protocol/supervision/front.ts';
import {
  addressText,
  type ServerAddress,
  type UpstreamSpec,
  upstreamOf,
} from '../protocol/supervision/upstream.ts';
import { LiveUpstream, type ServerFacts, type UpstreamLog } from './live-upstream.ts';
import type { Upstream } from './upstream.ts';

/**
 * The upstreams of the configuration. One that a reload does not change goes on as it is. One that it changes begins anew, but servers
 * that stay are out or sick as they were. Connections are the proxies' own, and stay.
 */
export class UpstreamSet {
  readonly #log: UpstreamLog;
  #resolvers: readonly string[] = [];
  #live = new Map<string, LiveUpstream>();
  /** Those of the configuration before, until it is known which of them are still used. */
  #before = new Map<string, LiveUpstream>();

  constructor(log: UpstreamLog) {
    this.#log = log;
  }

  /** Another configuration takes the place of the one before: `settle` follows, when its routes have been made. */
  reset(front: FrontSpec): void {
    this.#before = this.#live;
    this.#live = new Map();
    this.#resolvers = front.resolvers;
    for (const spec of front.upstreams) this.#add(spec.name, spec);
  }

  settle(): void {
    for (const upstream of this.#before.values()) upstream.stop();
    this.#before.clear();
  }

  /** By its name; or of one server, which is named where requests are proxied to it. */
  find(target: string | ServerAddress): Upstream {
    if (typeof target === 'string') {
      const named = this.#live.get(target);
      if (named === undefined)
        throw new Error(`there is no upstream ${target}, which the configuration has checked`);
      return named;
    }
    // No name of an upstream holds a space.
    const key = ` ${addressText(target)}`;
    return this.#live.get(key) ?? this.#add(key, upstreamOf(target, this.#resolvers));
  }

  /** Of each upstream that has a name. */
  facts(): readonly { readonly name: string; readonly servers: readonly ServerFacts[] }[] {
    return [...this.#live.values()].map((upstream) => ({
      name: upstream.spec.name,
      servers: upstream.facts(),
    }));
  }

  #add(key: string, spec: UpstreamSpec): LiveUpstream {
    const before = this.#before.get(key) ?? null;
    const isSame = before !== null && isDeepStrictEqual(before.spec, spec);
    const upstream = isSame ? before : new LiveUpstream(spec, this.#log, before);
    if (isSame) this.#before.delete(key);
    this.#live.set(key, upstream);
    return upstream;
  }
}
