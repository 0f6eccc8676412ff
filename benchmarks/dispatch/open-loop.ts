// The load generator: sends requests when they are due, whatever has become of those before. A request that is due takes the connection
// that has been idle for longest, as if each belonged to another client; when none is idle it waits for one. Its latency
// begins when it was due, so no wait is hidden, be it in the server, for a connection, or because the generator itself is late.

import { setImmediate as turnOfTheLoop } from 'node:timers/promises';
import { quantile } from '../whole/statistics.ts';
import { type Arrivals, arrivalsOf } from './arrivals.ts';
import { ClientConnection, type Outcome } from './client-connection.ts';
import { Fifo } from './fifo.ts';
import { MIXES, type RequestClass } from './mix.ts';
import { Tally } from './tally.ts';
import type { Stream, TurnPlan, TurnResult } from './turn.ts';

/** Requests that may wait for a connection; what comes when there are as many is not sent at all. */
const MAX_WAITING = 10_000;
/**
 * Sleep between two looks at sockets and schedule: until the next request is due, within these bounds. Timers of an event loop are no finer
 * than 1 ms, as long as a fast request; and without a sleep the generator would take a processor that the servers need.
 */
const PULSE_MS = { least: 0.05, most: 0.15 } as const;
const SWEEP_MS = 100;

interface Request {
  readonly dueMs: number;
  readonly text: string;
  readonly requestClass: RequestClass;
  sentMs: number;
}

export async function runTurn(plan: TurnPlan): Promise<TurnResult> {
  const loop = new OpenLoop(plan);
  const cpuBefore = process.cpuUsage();
  const began = performance.now();
  while (loop.step()) await turnOfTheLoop();
  const { user, system } = process.cpuUsage(cpuBefore);
  return loop.finish((user + system) / 1000 / (performance.now() - began));
}

class OpenLoop {
  readonly #startedAtMs = performance.now();
  readonly #windowStartMs: number;
  readonly #windowEndMs: number;
  readonly #plan: TurnPlan;
  readonly #clients: readonly StreamClient[];
  readonly #tallies = { fast: new Tally(), slow: new Tally() };
  readonly #failures: Record<string, number> = {};
  readonly #latenessMs: number[] = [];
  readonly #sleeper = new Int32Array(new SharedArrayBuffer(4));
  #sweptAtMs = 0;

  constructor(plan: TurnPlan) {
    const { port, streams, warmUpMs, windowMs, firstNumber } = plan;
    this.#plan = plan;
    this.#windowStartMs = warmUpMs;
    this.#windowEndMs = warmUpMs + windowMs;
    this.#clients = streams.map((stream) => new StreamClient(port, stream, firstNumber, this));
  }

  get nowMs(): number {
    return performance.now() - this.#startedAtMs;
  }

  /** Sends what is due, sleeps a little; false when the turn is over. Sockets are read between two steps. */
  step(): boolean {
    const nowMs = this.nowMs;
    if (nowMs - this.#sweptAtMs >= SWEEP_MS) {
      this.#sweptAtMs = nowMs;
      for (const client of this.#clients) client.failOverdue(nowMs - this.#plan.answerLimitMs);
    }
    let nextMs = Number.POSITIVE_INFINITY;
    for (const client of this.#clients) {
      nextMs = Math.min(nextMs, client.sendDue(nowMs, this.#windowEndMs));
    }
    const isDone = nextMs >= this.#windowEndMs && this.#clients.every(({ isQuiet }) => isQuiet);
    if (isDone || nowMs > this.#windowEndMs + this.#plan.drainLimitMs) return false;
    const untilNextMs = nextMs < this.#windowEndMs ? nextMs - this.nowMs : PULSE_MS.most;
    Atomics.wait(this.#sleeper, 0, 0, Math.min(Math.max(untilNextMs, PULSE_MS.least), PULSE_MS.most));
    return true;
  }

  finish(cpuShare: number): TurnResult {
    for (const client of this.#clients) client.close(this.#windowEndMs);
    const lateness = Float64Array.from(this.#latenessMs).sort();
    return {
      classes: {
        fast: this.#tallies.fast.result(this.#plan.windowMs),
        slow: this.#tallies.slow.result(this.#plan.windowMs),
      },
      failures: this.#failures,
      reconnects: this.#clients.reduce((sum, { reconnects }) => sum + reconnects, 0),
      generator: {
        latenessP50Ms: quantile(lateness, 0.5),
        latenessP99Ms: quantile(lateness, 0.99),
        latenessMaxMs: quantile(lateness, 1),
        cpuShare,
      },
    };
  }

  noteDue(dueMs: number, requestClass: RequestClass): void {
    if (dueMs >= this.#windowStartMs) this.#tallies[requestClass].due += 1;
  }

  noteUnsent(dueMs: number, requestClass: RequestClass): void {
    if (dueMs >= this.#windowStartMs) this.#tallies[requestClass].unsent += 1;
  }

  noteLateness(dueMs: number, latenessMs: number): void {
    if (dueMs >= this.#windowStartMs) this.#latenessMs.push(latenessMs);
  }

  noteOutcome({ dueMs, requestClass }: Request, outcome: Outcome): void {
    const tally = this.#tallies[requestClass];
    const wasDue = dueMs >= this.#windowStartMs;
    if (outcome === 200) {
      const nowMs = this.nowMs;
      tally.answer(nowMs - dueMs, wasDue, nowMs >= this.#windowStartMs && nowMs < this.#windowEndMs);
    } else if (outcome === 503) {
      if (wasDue) tally.refused += 1;
    } else {
      tally.failed += 1;
      const reason = typeof outcome === 'number' ? `status ${outcome}` : outcome;
      this.#failures[reason] = (this.#failures[reason] ?? 0) + 1;
    }
  }
}

/** One stream: its schedule, its connections, and what waits for one of them. */
class StreamClient {
  readonly #loop: OpenLoop;
  readonly #connections: readonly ClientConnection[];
  readonly #idle = new Fifo<ClientConnection>();
  readonly #running = new Map<ClientConnection, Request>();
  readonly #waiting = new Fifo<Request>();
  readonly #arrivals: Arrivals;
  readonly #mix: (typeof MIXES)[keyof typeof MIXES];
  #number: number;
  #nextMs: number;

  constructor(
    port: number,
    { mix, arrivals, perSecond, connections }: Stream,
    firstNumber: number,
    loop: OpenLoop,
  ) {
    this.#loop = loop;
    this.#mix = MIXES[mix];
    this.#number = firstNumber;
    this.#arrivals = arrivalsOf(arrivals, perSecond, firstNumber + 1);
    this.#nextMs = this.#arrivals();
    this.#connections = Array.from({ length: connections }, () => {
      const connection: ClientConnection = new ClientConnection(port, (outcome) =>
        this.#done(connection, outcome),
      );
      this.#idle.push(connection);
      return connection;
    });
  }

  /** Whether nothing is under way. */
  get isQuiet(): boolean {
    return this.#running.size === 0 && this.#waiting.length === 0;
  }

  get reconnects(): number {
    return this.#connections.reduce((sum, { reconnects }) => sum + Math.max(0, reconnects), 0);
  }

  /** Sends what is due by now and before the end; when the next is due. */
  sendDue(nowMs: number, endMs: number): number {
    while (this.#nextMs <= nowMs && this.#nextMs < endMs) {
      const dueMs = this.#nextMs;
      this.#nextMs = this.#arrivals();
      const { path, requestClass } = this.#mix(this.#number);
      this.#number += 1;
      this.#loop.noteDue(dueMs, requestClass);
      if (this.#waiting.length >= MAX_WAITING) {
        this.#loop.noteUnsent(dueMs, requestClass);
        continue;
      }
      const text = `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`;
      const request: Request = { dueMs, requestClass, text, sentMs: 0 };
      const connection = this.#idle.shift();
      if (connection === undefined) {
        this.#waiting.push(request);
      } else {
        this.#send(connection, request);
        this.#loop.noteLateness(dueMs, request.sentMs - dueMs);
      }
    }
    return this.#nextMs;
  }

  /** What was due before this moment is given up. */
  failOverdue(beforeMs: number): void {
    // First, so that what is overdue does not get the connections that become free.
    for (let first = this.#waiting.peek(); first && first.dueMs < beforeMs; first = this.#waiting.peek()) {
      this.#waiting.shift();
      this.#loop.noteUnsent(first.dueMs, first.requestClass);
    }
    for (const [connection, request] of this.#running) {
      if (request.dueMs >= beforeMs) continue;
      connection.abandon();
      this.#done(connection, 'timeout');
    }
  }

  /** Ends the turn. What was sent before `endMs` and is still under way has failed; what got its connection later was cut short. */
  close(endMs: number): void {
    for (let request = this.#waiting.shift(); request; request = this.#waiting.shift()) {
      this.#loop.noteUnsent(request.dueMs, request.requestClass);
    }
    for (const request of this.#running.values()) {
      if (request.sentMs < endMs) this.#loop.noteOutcome(request, 'no answer');
      else this.#loop.noteUnsent(request.dueMs, request.requestClass);
    }
    this.#running.clear();
    for (const connection of this.#connections) connection.abandon();
  }

  #send(connection: ClientConnection, request: Request): void {
    request.sentMs = this.#loop.nowMs;
    this.#running.set(connection, request);
    connection.send(request.text);
  }

  #done(connection: ClientConnection, outcome: Outcome): void {
    const request = this.#running.get(connection);
    if (request === undefined) throw new Error('a connection without a request was done with one');
    this.#running.delete(connection);
    this.#loop.noteOutcome(request, outcome);
    const next = this.#waiting.shift();
    if (next === undefined) this.#idle.push(connection);
    else this.#send(connection, next);
  }
}
