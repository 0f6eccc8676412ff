// When an authority wants a certificate to be renewed (RFC 9773): sooner than usual when it has to revoke it, for instance.

// Comes with the library, which wants it to be there first.
import 'reflect-metadata';
import { X509Certificate as NodeCertificate } from 'node:crypto';
import { AuthorityKeyIdentifierExtension, X509Certificate } from '@peculiar/x509';
import { axios } from 'acme-client';
import type { RenewalWindow } from '../protocol/supervision/acme.ts';

export interface RenewalInfo {
  /** null: it does not say. */
  readonly window: RenewalWindow | null;
  /** When it should be asked again. */
  readonly askAgainMs: number;
}

const HOUR_MS = 3_600_000;
/** Of an authority that does not say it: RFC 9773 4.3.3. */
const USUAL_PAUSE_MS = 6 * HOUR_MS;
const BOUNDS_MS = [60_000, 24 * HOUR_MS] as const;

/** RFC 9773 4.1: by whom, and which of theirs; null: the certificate does not say by whom. */
export function certificateId(pem: string): string | null {
  const { raw, serialNumber } = new NodeCertificate(pem);
  const { keyId } = new X509Certificate(raw).getExtension(AuthorityKeyIdentifierExtension) ?? {};
  if (keyId === undefined) return null;
  // DER has a zero before a first bit of 1, and whole bytes.
  const even = serialNumber.length % 2 === 0 ? serialNumber : `0${serialNumber}`;
  const serial = Number.parseInt(even.slice(0, 2), 16) >= 0x80 ? `00${even}` : even;
  return [keyId, serial].map((hex) => Buffer.from(hex, 'hex').toString('base64url')).join('.');
}

let directory: Promise<string | null> | null = null;

/** Of the authority's directory; null: it gives no such information. */
export function renewalBase(url: string): Promise<string | null> {
  directory ??= axios.get(url, { validateStatus: null }).then(({ data }) => {
    const { renewalInfo: base } = Object(data) as { renewalInfo?: unknown };
    return typeof base === 'string' ? base : null;
  });
  return directory;
}

/** @param base of the authority's directory; null: it gives no such information */
export async function renewalInfo(base: string | null, pem: string, nowMs: number): Promise<RenewalInfo> {
  const id = certificateId(pem);
  const none = { window: null, askAgainMs: nowMs + BOUNDS_MS[1] };
  if (base === null || id === null) return none;
  const { status, data, headers } = await axios.get(`${base}/${id}`, { validateStatus: null });
  const { start, end } = Object(Object(data).suggestedWindow) as { start?: string; end?: string };
  const [startMs, endMs] = [Date.parse(start ?? ''), Date.parse(end ?? '')];
  // What makes no sense is as if it were not there.
  if (status !== 200 || !(startMs < endMs)) return { ...none, askAgainMs: nowMs + USUAL_PAUSE_MS };
  const pauseMs = Number(headers['retry-after']) * 1000 || USUAL_PAUSE_MS;
  const [least, most] = BOUNDS_MS;
  return { window: { startMs, endMs }, askAgainMs: nowMs + Math.min(most, Math.max(least, pauseMs)) };
}
