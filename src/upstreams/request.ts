// What passes between a connection to an upstream and whoever has a request for it.

import type { ByteStream, ByteTaker } from '../base/byte-stream.ts';
import type { DeadlineList } from '../base/deadlines.ts';
import type { ReceivedHead } from '../protocol/http1/received-head.ts';
import type { Expiring } from './deadline-table.ts';

/** Why there is no response, or no end of one. */
export interface UpstreamFailure {
  readonly kind: 'error' | 'timeout';
  /** For the log: `connection refused`. */
  readonly reason: string;
  /** The upstream has not got a byte of the request. */
  readonly isUnsent: boolean;
  /** The connection had served requests before, and ended without a byte of a response: its server had closed it meanwhile. */
  readonly isStale: boolean;
}

/** One request on a connection: how it is sent, and who takes the response. */
export interface UpstreamRequest {
  readonly method: string;
  readonly timeouts: UpstreamTimeouts;
  /** Whether a short response is handed over whole, though its body comes later than its head. */
  readonly waitsForShortBodies: boolean;
  /** Whether 101 is an answer. */
  readonly wantsUpgrade: boolean;
  /** The whole response. `body`: latin-1, or bytes that change after this returns. The connection is another's from now on. */
  whole(head: ReceivedHead, body: string | Buffer, nowMs: number): void;
  begin(head: ReceivedHead): void;
  /** Memory of its own. */
  piece(data: Buffer): void;
  end(): void;
  failed(failure: UpstreamFailure): void;
  /** The upstream takes more of the request's body. */
  drained(): void;
  /** 101. Returns who takes what the upstream sends from now on. `rest`: what it has sent already. */
  switched(head: ReceivedHead, stream: ByteStream, rest: Buffer): ByteTaker | null;
}

/** What a connection is put on while it waits for that. */
export interface UpstreamTimeouts {
  readonly connect: DeadlineList<Expiring>;
  readonly firstByte: DeadlineList<Expiring>;
  readonly silence: DeadlineList<Expiring>;
}
