import type { ProxyParts } from '../handlers/proxy/handler.ts';
import type { FrontSpec } from '../protocol/supervision/front.ts';
import type { ProxySpec } from '../protocol/supervision/proxy.ts';
import { ConnectionPool } from '../upstreams/connection-pool.ts';
import type { Upstream } from '../upstreams/upstream.ts';
import type { UpstreamSet } from '../upstreams/upstream-set.ts';
import { RefusalLog } from './refusal-log.ts';

/** Servers that are told of apart; beyond, all over again. */
const MOST_LOGS = 1000;

/** What the edge has for proxies. Connections outlive reloads. */
export class Proxies implements ProxyParts {
  readonly pool = new ConnectionPool();
  readonly #set: UpstreamSet;
  readonly #warn: (line: string) => void;
  readonly #logs = new Map<string, RefusalLog>();
  #names: ReadonlySet<string> = new Set();

  /** @param warn writes a line to the error log */
  constructor(set: UpstreamSet, warn: (line: string) => void) {
    this.#set = set;
    this.#warn = warn;
  }

  /** Another configuration takes the place of the one before. */
  reset({ upstreams }: FrontSpec): void {
    this.#names = new Set(upstreams.map(({ name }) => name));
  }

  upstream({ host, address }: ProxySpec): Upstream {
    return this.#set.find(this.#names.has(host) ? host : address);
  }

  report(server: string, line: () => string): void {
    let log = this.#logs.get(server);
    if (log === undefined) {
      if (this.#logs.size >= MOST_LOGS) this.#logs.clear();
      log = new RefusalLog(this.#warn);
      this.#logs.set(server, log);
    }
    log.note(line);
  }
}
