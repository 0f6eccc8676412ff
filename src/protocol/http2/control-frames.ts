import { applySettings, type SettingsTaker } from './client-settings.ts';
import { ERROR, FLAG, FRAME, readUint31, type Violation } from './frames.ts';
import type { Sender } from './sender.ts';

/** Frames that bring nothing, such as PING, between two that do: nobody honest sends so many. */
const MAX_IDLE_FRAMES = 10_000;

const TOO_MANY: Violation = { code: ERROR.enhanceYourCalm, reason: 'too many frames bring nothing' };

/** Frames about the connection, and those that have become empty gestures. Each returns what is wrong with it, or null. */
export class ControlFrames {
  readonly #sender: Sender;
  readonly #settings: SettingsTaker;
  #idleFrames = 0;
  /** When these were counted last. */
  #sentBytes = 0;

  constructor(sender: Sender, settings: SettingsTaker) {
    this.#sender = sender;
    this.#settings = settings;
  }

  /** Something has come for which the connection is there. */
  noteProgress(): void {
    this.#idleFrames = 0;
  }

  /** Any frame but CONTINUATION, which has a bound of its own (CVE-2019-9512, 9513, 9515, 9518). */
  count(): Violation | null {
    // WINDOW_UPDATE comes for each few bytes that were sent.
    if (this.#sender.sentBytes !== this.#sentBytes) this.#idleFrames = 0;
    this.#sentBytes = this.#sender.sentBytes;
    this.#idleFrames += 1;
    return this.#idleFrames > MAX_IDLE_FRAMES ? TOO_MANY : null;
  }

  take(
    type: number,
    flags: number,
    streamId: number,
    bytes: Buffer,
    start: number,
    end: number,
  ): Violation | null {
    switch (type) {
      case FRAME.settings:
        return this.#takeSettings(flags, streamId, bytes, start, end);
      case FRAME.ping:
        return this.#takePing(flags, streamId, bytes, start, end);
      case FRAME.priority:
        return takePriority(streamId, bytes, start, end);
      case FRAME.goAway:
        return takeGoAway(streamId, end - start);
      case FRAME.pushPromise:
        return { code: ERROR.protocol, reason: 'a client cannot push' };
      default:
        // RFC 9113 5.5: what is not known is ignored.
        return null;
    }
  }

  #takeSettings(
    flags: number,
    streamId: number,
    bytes: Buffer,
    start: number,
    end: number,
  ): Violation | null {
    if (streamId !== 0) return { code: ERROR.protocol, reason: 'SETTINGS are for the connection' };
    if ((flags & FLAG.ack) !== 0) {
      const isEmpty = start === end;
      return isEmpty
        ? null
        : { code: ERROR.frameSize, reason: 'an acknowledgement of SETTINGS has a payload' };
    }
    const violation = applySettings(bytes, start, end, this.#settings);
    if (violation === null) this.#sender.acknowledgeSettings();
    return violation;
  }

  #takePing(flags: number, streamId: number, bytes: Buffer, start: number, end: number): Violation | null {
    if (streamId !== 0) return { code: ERROR.protocol, reason: 'PING is for the connection' };
    if (end - start !== 8) return { code: ERROR.frameSize, reason: 'PING has not 8 bytes' };
    if ((flags & FLAG.ack) === 0) this.#sender.acknowledgePing(bytes, start, end);
    return null;
  }
}

/** The client ends the connection when it has what it asked for. */
function takeGoAway(streamId: number, length: number): Violation | null {
  if (streamId !== 0) return { code: ERROR.protocol, reason: 'GOAWAY is for the connection' };
  return length >= 8 ? null : { code: ERROR.frameSize, reason: 'GOAWAY has less than 8 bytes' };
}

/** Its scheme has been given up (RFC 9113 5.3.2), but not the rules for the frame. */
function takePriority(streamId: number, bytes: Buffer, start: number, end: number): Violation | null {
  if (streamId === 0) return { code: ERROR.protocol, reason: 'PRIORITY is for a stream' };
  if (end - start !== 5) return { code: ERROR.frameSize, reason: 'PRIORITY has not 5 bytes' };
  const dependsOnItself = readUint31(bytes, start) === streamId;
  return dependsOnItself ? { code: ERROR.protocol, reason: 'a stream depends on itself' } : null;
}
