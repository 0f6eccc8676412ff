import type { TicketSecretFacts } from '../protocol/supervision/upgrade.ts';

/** For so long whoever gets hold of it could read what was said in sessions that were resumed. */
const LIFE_MS = 24 * 3_600_000;
const BYTES = 32;

/**
 * What the keys for session tickets are made of. It leaves this process for the memory of the edge, and of the Kirin that takes this
 * one's place.
 */
export class TicketSecret {
  #value = '';
  #bornMs = Number.NEGATIVE_INFINITY;

  /** `earlier`: the predecessor's, which ages on. */
  constructor(earlier: TicketSecretFacts | null = null) {
    if (earlier === null) return;
    this.#value = earlier.value;
    this.#bornMs = earlier.bornMs;
  }

  get value(): string {
    return this.#value;
  }

  /** null: nobody has needed one yet. */
  get facts(): TicketSecretFacts | null {
    return this.#value === '' ? null : { value: this.#value, bornMs: this.#bornMs };
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
