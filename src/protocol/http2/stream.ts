/** Whose stream it is. */
export interface StreamTaker {
  /** A piece of the request's body. @param bytes that nobody changes any more */
  takeData(bytes: Buffer): void;
  takeEnd(): void;
  /** Some of what was to be sent is on its way. */
  noteSent(): void;
  /** Both sides have ended, or one has given it up, or the connection is no more: nothing more is read or sent. */
  takeClose(): void;
}

export interface Queued {
  readonly bytes: Buffer;
  /** Nobody reads from it any more. */
  readonly taken: ((error: Error | null) => void) | null;
}

/** One request and its response (RFC 9113 5.1), as far as the session keeps it. Idle and closed streams are in the history alone. */
export class Stream {
  readonly id: number;
  taker: StreamTaker | null = null;
  isClosed = false;

  // What the client sends.
  /** It sends nothing more. */
  hasEnded: boolean;
  /** By its Content-Length; -1: it has none. */
  declaredBytes = -1;
  receivedBytes = 0;
  /** What the client may still send. */
  receiveWindow: number;
  /** Whether data is wanted now. */
  isRead = false;
  readonly held: Buffer[] = [];
  /** The taker knows that nothing more comes. */
  isEndTold = false;
  /** Read, but not yet granted anew. */
  ungranted = 0;

  // What it is sent.
  sendWindow: number;
  readonly queue: Queued[] = [];
  /** Of the first in the queue. */
  sentBytes = 0;
  queuedBytes = 0;
  /** With what is queued, it is over. */
  isEnding = false;
  /** Its last byte is on its way. */
  isAnswered = false;
  /** It is in the sender's round. */
  isInRound = false;

  constructor(id: number, hasEnded: boolean, receiveWindow: number, sendWindow: number) {
    this.id = id;
    this.hasEnded = hasEnded;
    this.receiveWindow = receiveWindow;
    this.sendWindow = sendWindow;
  }
}
