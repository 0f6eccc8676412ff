import { createHash } from 'node:crypto';
import type { ProxySpec, UpstreamTls } from '../../protocol/supervision/proxy.ts';
import type { PathMatch } from '../../protocol/supervision/site.ts';
import { type ConnectionPool, ConnectionRoute } from '../../upstreams/connection-pool.ts';
import type { UpstreamTimeouts } from '../../upstreams/request.ts';
import { secureBy } from '../../upstreams/secure.ts';
import type { Upstream } from '../../upstreams/upstream.ts';
import type { Exchange, Handler, RequestBody } from '../exchange.ts';
import { compileTemplate, type Template } from '../template.ts';
import { ProxiedRequest } from './proxied-request.ts';
import { Redirects } from './redirects.ts';
import { hasForbiddenField, RequestWriter } from './request-text.ts';
import { ResponseWriter } from './response-text.ts';
import { StreamedBody } from './sent-body.ts';
import { upgradeOf } from './upgrade.ts';

const MAX_FIELDS = 1000;
const NO_BODY: RequestBody = { kind: 'none' };

/** What proxies share: the edge's. */
export interface ProxyParts {
  readonly pool: ConnectionPool;
  /** A group of the configuration, or one server. */
  upstream(spec: ProxySpec): Upstream;
  /** For the error log; of many about one server only the first is told at once. */
  report(server: string, line: () => string): void;
}

/** Has a route's requests answered by an upstream. */
export class ProxyHandler implements Handler {
  readonly spec: ProxySpec;
  readonly parts: ProxyParts;
  readonly upstream: Upstream;
  readonly route: ConnectionRoute;
  readonly timeouts: UpstreamTimeouts;
  readonly requests: RequestWriter;
  readonly responses: ResponseWriter;
  readonly #hashKey: Template | null;

  /** @param passesAccel whether somebody behind it heeds X-Accel-… of responses */
  constructor(spec: ProxySpec, path: PathMatch, parts: ProxyParts, passesAccel = false) {
    this.spec = spec;
    this.parts = parts;
    this.upstream = parts.upstream(spec);
    const { tls, maxHeadBytes } = spec;
    const name = nameOf(spec);
    this.route = new ConnectionRoute(
      `${maxHeadBytes} ${tls === null ? 'plain' : keyOf(name, tls)}`,
      { maxHeadBytes, maxFields: MAX_FIELDS },
      tls === null ? null : secureBy(tls, name),
    );
    const { deadlines } = parts.pool;
    this.timeouts = {
      connect: deadlines.of(spec.connectTimeoutMs),
      firstByte: deadlines.of(spec.firstByteTimeoutMs),
      silence: deadlines.of(spec.silenceTimeoutMs),
    };
    this.requests = new RequestWriter(spec, path);
    this.responses = new ResponseWriter(spec, new Redirects(spec, path), passesAccel);
    const { hashKey } = this.upstream;
    this.#hashKey = hashKey === null ? null : compileTemplate(hashKey);
  }

  handle(exchange: Exchange): void {
    // As nginx: whoever asks would get the fields back that were added on the way.
    if (exchange.head.method === 'TRACE') {
      exchange.refuse(405);
      return;
    }
    if (hasForbiddenField(exchange)) {
      exchange.refuse(400, "A header's name holds an underscore");
      return;
    }
    const upgrade = this.spec.upgrade ? upgradeOf(exchange) : '';
    const request = new ProxiedRequest(exchange, this, upgrade);
    if (exchange.head.bodyLength === 0) request.start(NO_BODY);
    else if (this.spec.requestBuffering) exchange.collectBody((body) => request.start(body));
    else request.start(new StreamedBody(exchange));
  }

  /** What hash balancing hashes. */
  hashKeyOf(exchange: Exchange): string | null {
    return this.#hashKey === null ? null : this.#hashKey(exchange);
  }
}

/** Connections are shared by those who make them alike. */
function keyOf(name: string, tls: UpstreamTls): string {
  return createHash('sha256')
    .update(JSON.stringify([name, tls]))
    .digest('base64');
}

/** Whose certificate it has to be. */
function nameOf({ host, address }: ProxySpec): string {
  return address.kind === 'unix' ? 'localhost' : host.replace(/:\d*$/, '').replace(/^\[(.*)\]$/, '$1');
}
