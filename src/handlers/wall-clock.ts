// From the clock of performance.now, which nobody can set, to the time of day, which somebody may have set since: the application
// compares with its own reading of that.

/** Date.now is cut to a millisecond, so that much apart tells nothing. */
const TOLERANCE_MS = 2;

let originMs = performance.timeOrigin;

/** Microseconds since 1970 of a moment on the clock of performance.now. */
export function sinceEpochUs(momentMs: number): number {
  const driftMs = Date.now() - (originMs + performance.now());
  if (Math.abs(driftMs) > TOLERANCE_MS) originMs += driftMs;
  return Math.round((originMs + momentMs) * 1000);
}
