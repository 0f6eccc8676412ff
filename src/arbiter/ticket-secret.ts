/** For so long whoever gets hold of it could read what was said in sessions that were resumed. */
const LIFE_MS = 24 * 3_600_000;
const BYTES = 32;

/** What the keys for session tickets are made of. It leaves this process for the edge's memory alone. */
export class TicketSecret {
  #value = '';
  #bornMs = Number.NEGATIVE_INFINITY;

  get value(): string {
    return this.#value;
  }

  /** Makes another when it is time; returns whether it was. */
  renew(nowMs: number): boolean {
    // A clock that was set back must not keep it for ever.
    const ageMs = Math.abs(nowMs - this.#bornMs);
    if (ageMs < LIFE_MS) return false;
    // Most have no certificate, and do without the module.
    const { randomBytes } = process.getBuiltinModule('node:crypto');
    this.#value = randomBytes(BYTES).toString('base64');
    this.#bornMs = nowMs;
    return true;
  }
}
