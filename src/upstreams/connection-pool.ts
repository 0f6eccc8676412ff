import type { ResponseLimits } from '../protocol/http1/response-parser.ts';
import { type Secure, UpstreamConnection } from './connection.ts';
import { DeadlineTable } from './deadline-table.ts';
import type { Endpoint, Upstream } from './upstream.ts';

/** What connections to one endpoint have in common; those of another way to connect are another's. */
export interface Route {
  /** Tells apart what may not share connections: the scheme, and what TLS is made of. */
  readonly key: string;
  readonly limits: ResponseLimits;
  /** null: in plain text. */
  readonly secure: Secure | null;
}

/** The connections to all upstreams, that wait for their next requests. */
export class ConnectionPool {
  readonly #deadlines = new DeadlineTable();
  readonly #idle = new Map<string, Idle>();

  /** One that waits, if `isFresh` is not asked for and there is one; else one that is about to connect. */
  take(endpoint: Endpoint, upstream: Upstream, route: Route, isFresh: boolean): UpstreamConnection {
    const key = keyOf(endpoint, route);
    let idle = this.#idle.get(key);
    if (idle === undefined) {
      idle = new Idle(this.#deadlines, () => this.#idle.delete(key));
      this.#idle.set(key, idle);
    }
    idle.most = upstream.keepalive;
    idle.timeoutMs = upstream.keepaliveTimeoutMs;
    const waiting = isFresh ? null : idle.take();
    return waiting ?? idle.add(new UpstreamConnection(endpoint.address, route.limits, route.secure, idle));
  }

  /** How many wait. */
  get idleCount(): number {
    let count = 0;
    for (const idle of this.#idle.values()) count += idle.count;
    return count;
  }

  /** Closes what waits. */
  close(): void {
    for (const idle of [...this.#idle.values()]) idle.close();
  }
}

function keyOf({ address }: Endpoint, { key }: Route): string {
  return address.kind === 'unix' ? `${key} ${address.path}` : `${key} ${address.host} ${address.port}`;
}

/** Of one endpoint. The last that was used is the next: those that are not needed grow old. */
class Idle {
  readonly deadlines: DeadlineTable;
  most = 0;
  timeoutMs = 0;
  readonly #whenUnused: () => void;
  readonly #waiting: UpstreamConnection[] = [];
  #count = 0;

  constructor(deadlines: DeadlineTable, whenUnused: () => void) {
    this.deadlines = deadlines;
    this.#whenUnused = whenUnused;
  }

  get count(): number {
    return this.#waiting.length;
  }

  add(connection: UpstreamConnection): UpstreamConnection {
    this.#count += 1;
    return connection;
  }

  take(): UpstreamConnection | null {
    return this.#waiting.pop() ?? null;
  }

  release(connection: UpstreamConnection): void {
    if (this.#waiting.length >= this.most) {
      // As in nginx, the oldest gives way.
      const oldest = this.#waiting.shift();
      if (oldest === undefined) {
        connection.destroy();
        return;
      }
      oldest.destroy();
    }
    this.#waiting.push(connection);
    if (this.timeoutMs > 0) this.deadlines.of(this.timeoutMs).add(connection, performance.now());
    else connection.deadlineList?.remove(connection);
  }

  forget(connection: UpstreamConnection): void {
    const index = this.#waiting.lastIndexOf(connection);
    if (index !== -1) this.#waiting.splice(index, 1);
    this.#count -= 1;
    if (this.#count === 0) this.#whenUnused();
  }

  close(): void {
    for (const connection of [...this.#waiting]) connection.destroy();
  }
}
