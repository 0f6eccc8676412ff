import { createHmac, randomBytes } from 'node:crypto';

const MAX_KNOWN = 1000;
const KNOWN_FOR_MS = 5 * 60_000;

/** Passwords that were found right, remembered for some minutes by a digest that is worth nothing outside of this process. */
export class VerifiedCredentials {
  readonly #secret = randomBytes(32);
  /** Digest → until when. */
  readonly #known = new Map<string, number>();

  digestOf(user: string, password: string, hash: string): string {
    return createHmac('sha256', this.#secret)
      .update(JSON.stringify([user, password, hash]))
      .digest('base64');
  }

  has(digest: string, nowMs: number): boolean {
    const untilMs = this.#known.get(digest);
    if (untilMs === undefined) return false;
    if (nowMs < untilMs) return true;
    this.#known.delete(digest);
    return false;
  }

  add(digest: string, nowMs: number): void {
    this.#known.delete(digest);
    if (this.#known.size >= MAX_KNOWN) {
      const [oldest] = this.#known.keys();
      if (oldest !== undefined) this.#known.delete(oldest);
    }
    this.#known.set(digest, nowMs + KNOWN_FOR_MS);
  }
}
