import { setTimeout as pause, setImmediate as readOnce } from 'node:timers/promises';

const POLL_INTERVAL_MS = 10;

interface WaitOptions {
  readonly timeoutMs?: number;
  /** What is waited for, for the message. */
  readonly what?: string;
  /** Appended to the message when the wait fails. */
  readonly details?: () => string;
}

/** Asks until the answer is neither undefined, null nor false, and returns it. Fails after the time-out. */
export async function waitFor<T>(
  ask: () => T | undefined | null | false | Promise<T | undefined | null | false>,
  { timeoutMs = 10_000, what = ask.toString(), details }: WaitOptions = {},
): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined && answer !== null && answer !== false) return answer;
    if (Date.now() > deadline) {
      throw new Error(`waited ${timeoutMs} ms in vain for: ${what}${details ? `\n${details()}` : ''}`);
    }
    await pause(POLL_INTERVAL_MS);
    // Where several ask at once and asking takes longer than the pause, a timer is always due, and Node would read nothing meanwhile.
    await readOnce();
  }
}

/** Waits until a number has stayed the same for so long. */
export async function waitUntilStill(
  count: () => number,
  stillMs: number,
  options: WaitOptions = {},
): Promise<void> {
  let last = count();
  let sinceMs = performance.now();
  await waitFor(() => {
    const now = count();
    if (now !== last) sinceMs = performance.now();
    last = now;
    return performance.now() - sinceMs >= stillMs;
  }, options);
}

/** The promise's value, or an error when it takes longer than `timeoutMs`. */
export async function within<T>(
  timeoutMs: number,
  what: string,
  promise: Promise<T>,
  details?: () => string,
): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`waited ${timeoutMs} ms in vain for: ${what}${details ? `\n${details()}` : ''}`));
    }, timeoutMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
