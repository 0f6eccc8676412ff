import type { SecureContextOptions } from 'node:tls';
import type { TlsIdentity, TlsTerms } from '../protocol/supervision/tls-config.ts';

/** All of TLS 1.3's that browsers have. */
const SUITES = ['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256'];

/** Of TLS 1.2 what Mozilla's "intermediate" has: forward secrecy and authenticated encryption, which HTTP/2 asks for, too (RFC 9113 9.2.2). */
const CIPHERS = [
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
];

/** What Node needs for a context; the arbiter makes one to see whether it can be made. */
export function contextOptions(config: TlsIdentity & TlsTerms): SecureContextOptions {
  return {
    cert: config.certificates,
    key: config.privateKey,
    // Without any, Node would load those of all the web, for nothing.
    ca: config.clientAuthorities === '' ? [] : config.clientAuthorities,
    ciphers: cipherList(config.ciphers),
    minVersion: config.minVersion,
    maxVersion: config.maxVersion,
  };
}

/**
 * OpenSSL, and so Gunicorn, keeps the ciphers of TLS 1.2 and the suites of 1.3 apart, and a list is about the former. Node has one list for both, and without
 * suites in it no TLS 1.3.
 */
function cipherList(given: string | null): string {
  const ciphers = given === null ? CIPHERS : given.split(/[:, ]+/).filter((word) => word !== '');
  const hasSuites = ciphers.some((cipher) => cipher.startsWith('TLS_'));
  return [...(hasSuites ? [] : SUITES), ...ciphers].join(':');
}
