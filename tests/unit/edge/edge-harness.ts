import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { bindTcp, bindUnix } from '../../../src/arbiter/bind-socket.ts';
import { Server, type ServerParts } from '../../../src/edge/server.ts';
import type { Exchange, Peer, Producer } from '../../../src/handlers/exchange.ts';
import { Router } from '../../../src/handlers/router.ts';
import { TrustPolicy } from '../../../src/handlers/trust.ts';
import type { AccessRecord } from '../../../src/observe/access-record.ts';
import { ErrorLog } from '../../../src/observe/error-log.ts';
import type { RequestSink } from '../../../src/observe/request-sink.ts';
import type { EdgeConfig } from '../../../src/protocol/supervision/edge.ts';
import { NO_FRONT } from '../../../src/protocol/supervision/front.ts';
import { RawConnection } from '../../support/raw-connection.ts';
import { listFolder, makeTemporaryFolder, removeFolder } from '../../support/temporary-folder.ts';
import { waitFor } from '../../support/wait-for.ts';

const CONFIG: EdgeConfig = {
  backlog: 64,
  gracefulTimeoutMs: 30_000,
  keepAliveMs: 30_000,
  headTimeoutMs: 30_000,
  bodyTimeoutMs: 30_000,
  sendTimeoutMs: 30_000,
  drainDelayMs: 0,
  limitRequestLine: 4094,
  limitRequestFields: 100,
  limitRequestFieldSize: 8190,
  limitRequestBody: 0,
  bodyBufferBytes: 65536,
  responseSpoolBytes: 1 << 20,
  tls: null,
  http2: {
    maxConcurrentStreams: 100,
    initialWindowBytes: 65_535,
    maxFrameBytes: 16_384,
    maxHeaderListBytes: 65_536,
  },
  http2Cleartext: false,
  forwardedAllowIps: ['127.0.0.1'],
  stripHeaderSpaces: false,
  permitObsoleteFolding: false,
  permitUnconventionalHttpMethod: false,
  permitUnconventionalHttpVersion: false,
  casefoldHttpMethod: false,
  proxyProtocol: 'off',
  proxyAllowIps: ['127.0.0.1'],
  realIpHeader: null,
  secureSchemeHeaders: [['X-FORWARDED-PROTO', 'https']],
  forwarderHeaders: ['SCRIPT_NAME', 'PATH_INFO'],
  headerMap: 'drop',
  healthPath: null,
  staticFiles: {
    mappings: [],
    maxAgeSeconds: null,
    missing: 'not-found',
    listing: false,
    symlinks: 'inside',
  },
  front: NO_FRONT,
  accessLog: null,
  accessLogFormat: '',
  errorLog: '-',
  logLevel: 'warning',
  relay: null,
};

/** Answers when the test says so; notes what it is told. */
export class FakeProducer implements Producer {
  isWaiting = false;
  readonly calls: string[] = [];

  pause(): void {
    this.calls.push('pause');
  }

  resume(): void {
    this.calls.push('resume');
  }

  cancel(): void {
    this.calls.push('cancel');
  }
}

/** A real server on a real socket, whose handler is the test's. */
export class EdgeHarness {
  readonly folder = makeTemporaryFolder();
  readonly server: Server;
  readonly config: EdgeConfig;
  /** Every exchange that reached the handler. */
  readonly exchanges: Exchange[] = [];
  /** `METHOD path status bytes` of every exchange that ended. */
  readonly accessed: string[] = [];
  readonly #parts: (config: EdgeConfig) => ServerParts;
  handle: (exchange: Exchange) => void;
  port = 0;
  unixPath = '';

  constructor(handle: (exchange: Exchange) => void = () => {}, changes: Partial<EdgeConfig> = {}) {
    this.handle = handle;
    this.config = { ...CONFIG, errorLog: join(this.folder, 'errors'), ...changes };
    const log = new ErrorLog({ target: this.config.errorLog, level: this.config.logLevel });
    const requests: RequestSink = {
      write: ({ method, path, status, bodyBytes }: AccessRecord) =>
        this.accessed.push(`${method} ${path} ${status} ${bodyBytes}`),
    };
    const handler = {
      handle: (exchange: Exchange) => {
        this.exchanges.push(exchange);
        this.handle(exchange);
      },
    };
    this.#parts = (config) => ({
      config,
      router: new Router([], handler),
      trust: new TrustPolicy(config),
      requests,
      meter: null,
    });
    this.server = new Server(this.folder, log, this.#parts(this.config));
  }

  /** As after a reload. */
  reconfigure(changes: Partial<EdgeConfig>): void {
    this.server.reconfigure(this.#parts({ ...this.config, ...changes }));
  }

  static async start(
    handle?: (exchange: Exchange) => void,
    changes: Partial<EdgeConfig> = {},
  ): Promise<EdgeHarness> {
    const harness = new EdgeHarness(handle, changes);
    const { fd, port } = bindTcp('127.0.0.1', 0);
    harness.port = port;
    await harness.server.listen({ fd, kind: 'tcp', host: '127.0.0.1', port });
    return harness;
  }

  async listenUnix(): Promise<void> {
    this.unixPath = join(this.folder, 'u');
    const { fd } = bindUnix(this.unixPath);
    await this.server.listen({ fd, kind: 'unix', path: this.unixPath });
  }

  open(): Promise<RawConnection> {
    return RawConnection.open({ port: this.port });
  }

  exchange(index: number): Promise<Exchange> {
    return waitFor(() => this.exchanges[index], { what: `exchange ${index}` });
  }

  /** Resolves when every client is gone. */
  whenEmpty(): Promise<void> {
    return new Promise((resolve) => this.server.whenEmpty(resolve));
  }

  get errorText(): string {
    return readFileSync(this.config.errorLog, 'latin1');
  }

  /** What the fields of such a peer mean. */
  rulesFor(address: string): Peer['rules'] {
    return new TrustPolicy(this.config).rulesFor(address);
  }

  /** Bodies that lie on disk. */
  get spooled(): string[] {
    return listFolder(this.folder).filter((name) => name.startsWith('body-'));
  }

  async stop(): Promise<void> {
    await this.server.drainBacklog();
    this.server.destroyAll();
    await this.whenEmpty();
    removeFolder(this.folder);
  }
}

export const HEAD = '200 OK\r\nContent-Type: text/plain\r\n';

/** Answers with the method, the path and, where there is one, the body. */
export function echo(exchange: Exchange): void {
  exchange.collectBody((body) => {
    const text = body.kind === 'memory' ? Buffer.concat(body.parts).toString('latin1') : body.kind;
    exchange.respond(HEAD, 0, `${exchange.head.method} ${exchange.head.path} ${text}`);
  });
}
