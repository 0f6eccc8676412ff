// RFC 9111 4.2: for how long a response is fresh, and how old it is.

import { type Directives, deltaSeconds } from '../fields/cache-control.ts';
import { parseHttpDate } from '../fields/http-date.ts';

export interface FreshnessFields {
  readonly directives: Directives;
  /** The X-Accel-Expires field, nginx's; null: there is none, or it is ignored. */
  readonly accelExpires: string | null;
  /** Values of all Expires fields. */
  readonly expires: readonly string[];
  readonly date: string | null;
  readonly age: string | null;
}

/** In seconds; null: the response does not say. 0 or less: it is stale at once. */
export function explicitLifetime(fields: FreshnessFields, receivedMs: number): number | null {
  const { directives, accelExpires, expires } = fields;
  const now = receivedMs / 1000;
  if (accelExpires !== null) {
    if (/^\d+$/.test(accelExpires)) return Number(accelExpires);
    // Seconds since 1970.
    if (/^@\d+$/.test(accelExpires)) return Number(accelExpires.slice(1)) - now;
  }
  const shared = deltaSeconds(directives, 's-maxage') ?? deltaSeconds(directives, 'max-age');
  if (shared !== null) return shared;
  if (expires.length === 0) return null;
  // 5.3: what is no date, "0" above all, is in the past; of several the first.
  const at = parseHttpDate(expires[0] as string, now);
  return at === null ? 0 : at - dateOf(fields, receivedMs);
}

/** Seconds since 1970. RFC 9110 6.6.1: without a Date, that of its arrival. */
function dateOf({ date }: FreshnessFields, receivedMs: number): number {
  const now = Math.floor(receivedMs / 1000);
  return (date === null ? null : parseHttpDate(date, now)) ?? now;
}

/** `corrected_initial_age` of 4.2.3, in seconds. */
export function initialAge(fields: FreshnessFields, askedMs: number, receivedMs: number): number {
  const apparent = Math.max(0, Math.floor(receivedMs / 1000) - dateOf(fields, receivedMs));
  // 5.1: the first of several, and what is no number is ignored.
  const [, given] = /^\s*(\d+)\s*(?:,|$)/.exec(fields.age ?? '') ?? [];
  const delay = Math.max(0, receivedMs - askedMs) / 1000;
  return Math.max(apparent, given === undefined ? 0 : Number(given) + delay);
}
