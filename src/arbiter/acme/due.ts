// When a certificate is to be obtained: pure.

import type { RenewalWindow } from '../../protocol/supervision/acme.ts';
import type { Failures, StoredCertificate } from '../../tls/certificate-store.ts';
import { isFor } from '../../tls/certificate-store.ts';

/** Let's Encrypt's advice; of 90 days the last 30. */
const RENEW_WITH_LEFT = 1 / 3;
/** Up to this much of that earlier, so that not all of the world's come at once. */
const JITTER = 0.1;

/**
 * Let's Encrypt allows five failures of a host in an hour: with a pause of a minute these are four. Then they grow to half a day, which
 * is soon enough for certificates with a month left.
 */
const PAUSES = [1, 10, 30, 60, 120, 240, 480, 720] as const;

/** One that has just come is not renewed, whatever the authority says: else one that is wrong about it would be asked for ever. */
const YOUNG_MS = 6 * 3_600_000;

/** For further attempts. */
const MUST_BE_LEFT = 1 / 4;
/** Of its life: what is sooner by less is no news. */
const MUCH_SOONER = 1 / 10;

const RELOAD_PAUSE_MS = 60_000;

/** 0: now. */
export function dueAtMs(
  stored: StoredCertificate | null,
  hosts: readonly string[],
  { nextMs }: Failures,
  window: RenewalWindow | null = null,
): number {
  const wantedMs = stored === null || !isFor(stored, hosts) ? 0 : renewalMs(stored, window);
  return Math.max(wantedMs, nextMs);
}

/** `window`: what the authority wants; null: it does not say. */
export function renewalMs(
  { fromMs, untilMs, dice }: StoredCertificate,
  window: RenewalWindow | null = null,
): number {
  if (window !== null) {
    const wantedMs = window.startMs + dice * (window.endMs - window.startMs);
    const lifeMs = untilMs - fromMs;
    const earliestMs = fromMs + Math.min(YOUNG_MS, lifeMs / 2);
    return Math.round(Math.min(untilMs - lifeMs * MUST_BE_LEFT, Math.max(earliestMs, wantedMs)));
  }
  const leftMs = (untilMs - fromMs) * RENEW_WITH_LEFT;
  return Math.round(untilMs - leftMs * (1 + JITTER * dice));
}

/** Whether the authority wants something that is not usual. */
export function isWantedSooner(stored: StoredCertificate, window: RenewalWindow): boolean {
  const lifeMs = stored.untilMs - stored.fromMs;
  return renewalMs(stored, window) < renewalMs(stored) - lifeMs * MUCH_SOONER;
}

/** Who reloads may have mended what was wrong; who reloads all the time must not ask all the time. */
export function afterReloadMs(
  { nextMs, notBeforeMs }: Failures,
  nowMs: number,
  firstPauseMs: number,
): number {
  return Math.min(nextMs, Math.max(notBeforeMs, nowMs + Math.min(RELOAD_PAUSE_MS, firstPauseMs)));
}

/** `random`: from 0 to 1. The authority may want a longer one. */
export function pauseMs(
  failures: number,
  firstPauseMs: number,
  retryAfterMs: number,
  random: number,
): number {
  const factor = PAUSES[Math.min(failures, PAUSES.length) - 1] ?? 1;
  return Math.round(Math.max(factor * firstPauseMs, retryAfterMs) * (1 + JITTER * random));
}
