import type { Dispatcher } from '../dispatcher/dispatcher.ts';
import { Job, type JobFailure } from '../dispatcher/job.ts';
import type { Lane } from '../dispatcher/lane.ts';
import type { WorkerPeer } from '../dispatcher/worker-peer.ts';
import type { AppMetrics } from '../observe/app-metrics.ts';
import {
  RESPONSE_FLAG,
  requestFrame,
  requestFrameStart,
  spooledRequestFrame,
} from '../protocol/lane/frames.ts';
import { CollectingExchanges } from './collecting-exchanges.ts';
import { decodePath, environText } from './environ.ts';
import type { Exchange, Handler, Producer, RequestBody } from './exchange.ts';
import { sinceEpochUs } from './wall-clock.ts';

/** RFC 9110 9.2.1: these ask for no change of state, so running one twice does no harm. */
const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);

/** Responses up to this size are handled as text, joined with their head and written at once. */
const MAX_TEXT_BYTES = 16384;

/** With 100 Continue that makes five: at the sixth, clients and proxies written in Go before 1.24 give up. */
const MAX_HINTS = 4;

const FAILURE_STATUS = {
  'worker-died': 502,
  overdue: 504,
  'queue-full': 503,
  'queued-too-long': 503,
  stopping: 503,
  'not-loaded': 503,
} as const satisfies Record<JobFailure, number>;

export interface AppOptions {
  /** Where the application is mounted; '' for the root. */
  readonly scriptName: string;
  /** Whether the application is told when its request arrived. */
  readonly requestStartHeader: boolean;
}

/** Has requests answered by the Python application. */
export class AppHandler implements Handler {
  readonly #dispatcher: Dispatcher;
  #scriptName: string;
  #tellsRequestStart: boolean;
  readonly #collecting = new CollectingExchanges();
  readonly metrics: AppMetrics;
  /** Who answers what has waited for an application that turns out not to load. */
  whenNotLoaded: Handler | null = null;

  constructor(dispatcher: Dispatcher, options: AppOptions, metrics: AppMetrics) {
    this.#dispatcher = dispatcher;
    this.metrics = metrics;
    this.#scriptName = options.scriptName;
    this.#tellsRequestStart = options.requestStartHeader;
  }

  /** For the requests that come from now on. */
  set options({ scriptName, requestStartHeader }: AppOptions) {
    this.#scriptName = scriptName;
    this.#tellsRequestStart = requestStartHeader;
  }

  /** Requests that have begun to come, and are not with the dispatcher yet. */
  get collecting(): number {
    return this.#collecting.count();
  }

  handle(exchange: Exchange): void {
    if (exchange.head.bodyLength === 0) {
      this.#submit(exchange, { kind: 'none' });
      return;
    }
    this.#collecting.add(exchange);
    exchange.collectBody((body) => {
      this.#collecting.delete(exchange);
      this.#submit(exchange, body);
    });
  }

  /** See Dispatcher. */
  holdFile(worker: WorkerPeer, id: number): () => void {
    return this.#dispatcher.holdFile(worker, id);
  }

  #submit(exchange: Exchange, body: RequestBody): void {
    const head = exchange.head;
    const contentLength =
      body.kind === 'none' ? (head.fields.get('content-length') === '0' ? 0 : -1) : body.bytes;
    const arrivedUs = this.#tellsRequestStart ? sinceEpochUs(exchange.receivedMs) : -1;
    const environ = environText(
      head,
      exchange.peer,
      this.#scriptName,
      contentLength,
      arrivedUs,
      exchange.remoteUser,
    );
    if (!environ.ok) {
      exchange.refuse(environ.status, environ.reason);
      return;
    }
    this.#dispatcher.submit(new AppRequest(exchange, body, environ.text, this.#dispatcher, this));
  }
}

interface FilePlace {
  readonly fd: number;
  readonly offset: number;
  readonly length: number;
}

/** Null: not what a worker of ours sends; the edge must outlive it. */
function parsePlace(text: string): FilePlace | null {
  try {
    return JSON.parse(text) as FilePlace;
  } catch {
    return null;
  }
}

/** A request for the application, from the queue to its last byte. */
class AppRequest extends Job implements Producer {
  readonly #exchange: Exchange;
  readonly #body: RequestBody;
  readonly #environ: string;
  readonly #dispatcher: Dispatcher;
  readonly #handler: AppHandler;
  #hints = 0;

  constructor(
    exchange: Exchange,
    body: RequestBody,
    environ: string,
    dispatcher: Dispatcher,
    handler: AppHandler,
  ) {
    const head = exchange.head;
    const isSafe = SAFE_METHODS.has(head.method) && body.kind === 'none';
    super(dispatcher.history.of(head.method, decodePath(head.path)), isSafe, performance.now());
    this.#exchange = exchange;
    this.#body = body;
    this.#environ = environ;
    this.#dispatcher = dispatcher;
    this.#handler = handler;
    exchange.producer = this;
  }

  get summary(): string {
    const { head, peer } = this.#exchange;
    return `${head.method} ${head.target} (from ${peer.remoteAddress || 'a unix socket'})`;
  }

  // --- Job ---

  send(lane: Lane): void {
    const body = this.#body;
    this.#exchange.workerPid = lane.worker.pid;
    this.#exchange.queuedUs = this.waitedMs * 1000;
    if (body.kind === 'none') {
      lane.writeText(requestFrame(this.id, this.#environ, ''));
    } else if (body.kind === 'file') {
      lane.writeText(spooledRequestFrame(this.id, this.#environ, body.path));
    } else {
      lane.writeText(requestFrameStart(this.id, this.#environ, body.bytes));
      lane.writeBody(body.parts);
    }
  }

  override took(serviceUs: number): void {
    super.took(serviceUs);
    this.#exchange.serviceUs = serviceUs;
    this.#handler.metrics.record(this.#exchange.queuedUs, serviceUs);
    this.lane?.service.record(serviceUs);
  }

  hints(fields: string): void {
    this.#hints += 1;
    if (this.#hints <= MAX_HINTS) this.#exchange.sendHints(fields);
  }

  begin(flags: number, a: number, bytes: Buffer, start: number, end: number, isEnd: boolean): void {
    const exchange = this.#exchange;
    const isFile = (flags & RESPONSE_FLAG.file) !== 0;
    if (isEnd && (isFile || end - start <= MAX_TEXT_BYTES)) {
      this.isOver = true;
      const text = bytes.toString('latin1', start, end);
      const head = text.slice(0, a);
      if (isFile) this.#sendFile(head, flags, text.slice(a));
      else exchange.respond(head, flags, text.slice(a));
      return;
    }
    if (isEnd) this.isOver = true;
    exchange.begin(bytes.toString('latin1', start, start + a), flags, bytes.subarray(start + a, end), isEnd);
  }

  more(bytes: Buffer, start: number, end: number, isEnd: boolean): void {
    if (isEnd) this.isOver = true;
    this.#exchange.write(bytes.subarray(start, end), isEnd);
  }

  abort(_reason: string): void {
    this.isOver = true;
    this.#handler.metrics.countFailure('broken-off');
    if (this.hasBegun) this.#exchange.abort();
    else this.#exchange.refuse(502);
  }

  fail(failure: JobFailure): void {
    this.isOver = true;
    const { whenNotLoaded } = this.#handler;
    if (failure === 'not-loaded' && whenNotLoaded !== null) {
      this.#exchange.producer = null;
      whenNotLoaded.handle(this.#exchange);
      return;
    }
    this.#handler.metrics.countFailure(failure);
    const status = FAILURE_STATUS[failure];
    this.#exchange.refuse(status, '', status === 503 ? 'Retry-After: 1\r\n' : '');
  }

  #sendFile(head: string, flags: number, where: string): void {
    const worker = this.lane?.worker;
    const place = parsePlace(where);
    if (place === null) {
      this.#exchange.refuse(502);
      return;
    }
    const { fd, offset, length } = place;
    this.#exchange.respondFile(head, flags, {
      file: `/proc/${worker?.pid}/fd/${fd}`,
      segments: [{ offset, length }],
      length,
      ...(worker === undefined ? {} : { opened: this.#handler.holdFile(worker, this.id) }),
    });
  }

  // --- Producer ---

  get isWaiting(): boolean {
    return this.lane === null;
  }

  // Once its response is complete, the lane is another's.

  pause(): void {
    if (!this.isOver) this.lane?.pause();
  }

  resume(): void {
    if (!this.isOver) this.lane?.resume(performance.now());
  }

  cancel(): void {
    if (!this.isOver) this.#handler.metrics.countFailure('client-left');
    this.#dispatcher.cancel(this);
  }

  clientEnded(): void {
    if (!this.isOver) this.lane?.worker.cancel(this.id, false);
  }
}
