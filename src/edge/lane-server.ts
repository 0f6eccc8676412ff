import { closeSync, openSync } from 'node:fs';
import { createServer, type Server as NetServer, type Socket } from 'node:net';
import { ControlConnection } from '../dispatcher/control-connection.ts';
import type { Dispatcher } from '../dispatcher/dispatcher.ts';
import { LaneConnection } from '../dispatcher/lane-connection.ts';
import { HEADER_BYTES, type Hello, KIND } from '../protocol/lane/frames.ts';

/** Of the application that a worker runs. */
export interface LanePurpose {
  readonly dispatcher: Dispatcher;
  /** Requests after which a worker is replaced; 0: never. */
  readonly maxRequests: number;
  readonly maxRequestsJitter: number;
}

const MAX_HELLO_BYTES = 4096;
/** The arbiter's word for a generation has been overtaken by its workers: they come again then. */
const UNKNOWN_PAUSE_MS = 50;

/**
 * Accepts the connections of workers, and turns each into a control connection or a lane. `purposeOf`: undefined where that generation is
 * not known, yet or any more; its workers connect again.
 */
export function serveLanes(
  fd: number,
  purposeOf: (generation: number) => LanePurpose | undefined,
  report: (problem: string) => void,
): NetServer {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    readHello(socket, (hello) => {
      const purpose = purposeOf(hello.generation);
      if (purpose === undefined) {
        setTimeout(() => socket.destroy(), UNKNOWN_PAUSE_MS).unref();
        return;
      }
      const { dispatcher } = purpose;
      if (hello.role === 'control') {
        const worker = new ControlConnection(
          {
            ...hello,
            laneCount: hello.lanes,
            hasGreenlets: hello.greenlets,
            maxGiven: requestsBeforeLeaving(purpose),
          },
          socket,
          dispatcher,
        );
        dispatcher.workers.add(worker);
        worker.welcome(canOpenFilesOf(hello));
        return;
      }
      const worker = dispatcher.workers.get(hello.pid);
      if (worker === undefined) socket.destroy();
      else dispatcher.addLane(new LaneConnection(worker, hello.lane, socket, dispatcher));
    });
  });
  server.on('error', (error) => report(`Could not accept a worker's connection: ${error.message}`));
  server.listen({ fd });
  return server;
}

function readHello(socket: Socket, done: (hello: Hello) => void): void {
  let held: Buffer = Buffer.alloc(0);
  const onData = (chunk: Buffer) => {
    held = Buffer.concat([held, chunk]);
    if (held.length < HEADER_BYTES) return;
    const end = HEADER_BYTES + held.readUInt32LE(0);
    if (held[4] !== KIND.hello || end > MAX_HELLO_BYTES) {
      socket.destroy();
      return;
    }
    if (held.length < end) return;
    socket.off('data', onData);
    const hello = parseHello(held.toString('utf8', HEADER_BYTES, end));
    if (hello === null) {
      socket.destroy();
      return;
    }
    const rest = held.subarray(end);
    done(hello);
    if (rest.length > 0) socket.unshift(rest);
  };
  socket.on('data', onData);
}

/** Null: not what a worker of ours says; the edge must outlive it. */
function parseHello(text: string): Hello | null {
  try {
    const hello = JSON.parse(text) as Hello | null;
    return hello?.role === 'control' || hello?.role === 'lane' ? hello : null;
  } catch {
    return null;
  }
}

function requestsBeforeLeaving(limits: LanePurpose): number {
  if (limits.maxRequests === 0) return Number.POSITIVE_INFINITY;
  return limits.maxRequests + Math.floor(Math.random() * (limits.maxRequestsJitter + 1));
}

/** Not where there is no /proc, or where its descriptors are kept from us (another user, a hardened kernel). */
function canOpenFilesOf(hello: Hello): boolean {
  try {
    closeSync(openSync(`/proc/${hello.pid}/fd/${hello.probe}`, 'r'));
    return true;
  } catch {
    return false;
  }
}
