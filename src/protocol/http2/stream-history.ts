/** So many streams are remembered, counted from the newest. What comes for older ones is ignored. */
const REMEMBERED = 1024;

const STATES = ['skipped', 'open', 'ended', 'given-up'] as const;

/**
 * `idle`: not begun, and may be. `skipped`: passed over for one with a higher number. `ended`: the client has, by END_STREAM or by a reset;
 * it knows that nothing may follow. `given-up`: we have reset it, and what the client had sent before it knew may still come.
 */
export type StreamState = 'idle' | 'forgotten' | (typeof STATES)[number];

/** What became of a client's streams. Their numbers are odd, and only rise (RFC 9113 5.1.1), so that a ring of bytes holds all. */
export class StreamHistory {
  readonly #states = new Uint8Array(REMEMBERED);
  /** The highest number that was begun. */
  highest = -1;

  /** `streamId` is odd and idle. */
  begin(streamId: number): void {
    const skipped = Math.min((streamId - this.highest) / 2 - 1, REMEMBERED);
    for (let count = 1; count <= skipped; count++) this.#states[slotOf(streamId - 2 * count)] = 0;
    this.highest = streamId;
    this.#states[slotOf(streamId)] = 1;
  }

  note(streamId: number, state: 'ended' | 'given-up'): void {
    if (this.#isRemembered(streamId)) this.#states[slotOf(streamId)] = STATES.indexOf(state);
  }

  stateOf(streamId: number): StreamState {
    // Of the server's own there is none.
    if (streamId > this.highest || streamId % 2 === 0) return 'idle';
    return this.#isRemembered(streamId)
      ? (STATES[this.#states[slotOf(streamId)] as number] ?? 'skipped')
      : 'forgotten';
  }

  #isRemembered(streamId: number): boolean {
    return this.highest - streamId < 2 * REMEMBERED;
  }
}

function slotOf(streamId: number): number {
  return (streamId >>> 1) % REMEMBERED;
}
