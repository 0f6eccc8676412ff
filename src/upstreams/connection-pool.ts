import type { DeadlineList } from '../base/deadlines.ts';
import type { ResponseLimits } from '../protocol/http1/response-parser.ts';
import { type Secure, UpstreamConnection } from './connection.ts';
import { DeadlineTable, type Expiring } from './deadline-table.ts';
import type { Endpoint, Upstream } from './upstream.ts';

/** More than are to be kept are kept for a moment: with as many requests at once as before, they are needed again at once. */
const SURPLUS_MS = 1000;

/** How connections to an upstream are made, and which of them may be shared. */
export class ConnectionRoute {
  /** Tells apart what may not share connections: what TLS is made of, and the limits. */
  readonly key: string;
  readonly limits: ResponseLimits;
  /** null: in plain text. */
  readonly secure: Secure | null;
  /** What is looked up for every request, kept. */
  readonly known = new WeakMap<Endpoint, EndpointPool>();

  constructor(key: string, limits: ResponseLimits, secure: Secure | null) {
    this.key = key;
    this.limits = limits;
    this.secure = secure;
  }
}

/** The connections to all upstreams, that wait for their next requests. */
export class ConnectionPool {
  readonly deadlines = new DeadlineTable();
  readonly #pools = new Map<string, EndpointPool>();

  /** One that waits, if `isFresh` is not asked for and there is one; else one that is about to connect. */
  take(endpoint: Endpoint, upstream: Upstream, route: ConnectionRoute, isFresh: boolean): UpstreamConnection {
    const known = route.known.get(endpoint);
    const pool = known?.isUsed === true ? known : this.#poolOf(endpoint, route);
    pool.setLimits(upstream.keepalive, upstream.keepaliveTimeoutMs);
    const waiting = isFresh ? null : pool.take();
    return waiting ?? pool.add(new UpstreamConnection(endpoint.address, route.limits, route.secure, pool));
  }

  #poolOf(endpoint: Endpoint, route: ConnectionRoute): EndpointPool {
    const key = keyOf(endpoint, route);
    let pool = this.#pools.get(key);
    if (pool === undefined) {
      pool = new EndpointPool(this.deadlines, () => this.#pools.delete(key));
      this.#pools.set(key, pool);
    }
    route.known.set(endpoint, pool);
    return pool;
  }

  /** How many wait. */
  get idleCount(): number {
    let count = 0;
    for (const pool of this.#pools.values()) count += pool.idleCount;
    return count;
  }
}

function keyOf({ address }: Endpoint, { key }: ConnectionRoute): string {
  return address.kind === 'unix' ? `${key} ${address.path}` : `${key} ${address.host} ${address.port}`;
}

/** Of one endpoint. The last that was used is the next: those that are not needed grow old. */
class EndpointPool {
  readonly #deadlines: DeadlineTable;
  readonly #surplusExpiry: DeadlineList<Expiring>;
  readonly #whenUnused: () => void;
  readonly #waiting: UpstreamConnection[] = [];
  #most = 0;
  #timeoutMs = -1;
  #expiry: DeadlineList<Expiring> | null = null;
  #count = 0;
  /** There have been connections all the time. */
  isUsed = true;

  constructor(deadlines: DeadlineTable, whenUnused: () => void) {
    this.#deadlines = deadlines;
    this.#surplusExpiry = deadlines.of(SURPLUS_MS);
    this.#whenUnused = whenUnused;
  }

  setLimits(most: number, timeoutMs: number): void {
    this.#most = most;
    if (timeoutMs === this.#timeoutMs) return;
    this.#timeoutMs = timeoutMs;
    this.#expiry = this.#deadlines.of(timeoutMs);
  }

  get idleCount(): number {
    return this.#waiting.length;
  }

  add(connection: UpstreamConnection): UpstreamConnection {
    this.#count += 1;
    return connection;
  }

  take(): UpstreamConnection | null {
    return this.#waiting.pop() ?? null;
  }

  release(connection: UpstreamConnection, nowMs: number): void {
    const waiting = this.#waiting;
    if (this.#most === 0) {
      connection.destroy();
      return;
    }
    waiting.push(connection);
    this.#expiry?.add(connection, nowMs);
    const surplus = waiting.length - this.#most;
    // The oldest has one behind it too many.
    const isLong = this.#timeoutMs === 0 || this.#timeoutMs > SURPLUS_MS;
    if (surplus > 0 && isLong) this.#surplusExpiry.add(waiting[surplus - 1] as UpstreamConnection, nowMs);
  }

  forget(connection: UpstreamConnection): void {
    const index = this.#waiting.lastIndexOf(connection);
    if (index !== -1) this.#waiting.splice(index, 1);
    this.#count -= 1;
    if (this.#count > 0) return;
    this.isUsed = false;
    this.#whenUnused();
  }
}
