import {
  ERROR,
  MAX_MAX_FRAME_BYTES,
  MAX_WINDOW_BYTES,
  MIN_MAX_FRAME_BYTES,
  SETTING,
  type Violation,
} from './frames.ts';

const ENTRY_BYTES = 6;

const TOO_WIDE: Violation = { code: ERROR.flowControl, reason: 'the window is larger than 2^31-1' };

export interface SettingsTaker {
  setHeaderTableSize(bytes: number): void;
  /** Returns whether no window has become larger than there can be. */
  setInitialWindow(bytes: number): boolean;
}

/**
 * Applies the payload of a SETTINGS frame, in its order (RFC 9113 6.5.3). Returns what is wrong with it, or null. Of several windows only the
 * last is applied, since each is work for every stream, and a frame may hold thousands.
 */
export function applySettings(
  bytes: Buffer,
  start: number,
  end: number,
  taker: SettingsTaker,
): Violation | null {
  if ((end - start) % ENTRY_BYTES !== 0) {
    return { code: ERROR.frameSize, reason: 'a SETTINGS frame ends within a setting' };
  }
  let window: number | null = null;
  for (let at = start; at < end; at += ENTRY_BYTES) {
    const setting = bytes.readUInt16BE(at);
    const value = bytes.readUInt32BE(at + 2);
    const violation = check(setting, value);
    if (violation !== null) return violation;
    if (setting === SETTING.headerTableSize) taker.setHeaderTableSize(value);
    else if (setting === SETTING.initialWindowSize) window = value;
  }
  return window === null || taker.setInitialWindow(window) ? null : TOO_WIDE;
}

function check(setting: number, value: number): Violation | null {
  switch (setting) {
    case SETTING.enablePush:
      return value <= 1 ? null : { code: ERROR.protocol, reason: 'ENABLE_PUSH is neither 0 nor 1' };
    case SETTING.initialWindowSize:
      return value <= MAX_WINDOW_BYTES ? null : TOO_WIDE;
    case SETTING.maxFrameSize:
      return value >= MIN_MAX_FRAME_BYTES && value <= MAX_MAX_FRAME_BYTES
        ? null
        : { code: ERROR.protocol, reason: 'MAX_FRAME_SIZE is not between 2^14 and 2^24-1' };
    default:
      return null;
  }
}
