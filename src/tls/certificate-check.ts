// What can be said about certificates and keys before anybody connects.

import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';

/** A text of a file, and the file's place for messages: `certfile /srv/shop.pem (from the command line)`. */
export interface PemFile {
  readonly text: string;
  readonly place: string;
}

/** Why it cannot be used, and what would be right. */
export class CertificateProblem extends Error {}

const CERTIFICATE =
  /-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----[^-]*-----END (?:TRUSTED |X509 )?CERTIFICATE-----/g;
const PRIVATE_KEY = /-----BEGIN ([A-Z0-9 ]*)PRIVATE KEY-----[\s\S]*?-----END \1PRIVATE KEY-----/;

/**
 * The certificates of a file, in its order.
 * @throws {CertificateProblem}
 */
export function certificatesIn({ text, place }: PemFile): X509Certificate[] {
  const blocks = text.match(CERTIFICATE) ?? [];
  if (blocks.length === 0) {
    throw new CertificateProblem(
      `${place} holds no certificate in PEM form (-----BEGIN CERTIFICATE-----); \`openssl x509 -inform der -in FILE -out FILE.pem\` makes one of DER`,
    );
  }
  return blocks.map((block, index) => {
    try {
      return new X509Certificate(block);
    } catch (error) {
      const which = blocks.length === 1 ? 'the certificate' : `certificate ${index + 1}`;
      throw new CertificateProblem(
        `${place}: ${which} in it cannot be read (${reasonOf(error)}); is the file whole?`,
      );
    }
  });
}

/**
 * The private key of a file.
 * @param passphrase null: nobody has given one
 * @param owner whose words people use: settings name a keyfile, sites a key and its password
 * @throws {CertificateProblem}
 */
export function privateKeyIn(
  { text, place }: PemFile,
  passphrase: string | null,
  owner: 'settings' | 'site' = 'settings',
): KeyObject {
  const [block] = PRIVATE_KEY.exec(text) ?? [];
  if (block === undefined) {
    throw new CertificateProblem(
      `${place} holds no private key in PEM form (-----BEGIN PRIVATE KEY-----); give the file that does as ${owner === 'site' ? 'key' : 'keyfile'}`,
    );
  }
  const isEncrypted = /^-----BEGIN ENCRYPTED |^Proc-Type: 4,ENCRYPTED/m.test(block);
  if (isEncrypted && passphrase === null) {
    throw new CertificateProblem(
      `${place}: the private key is encrypted, and nobody is there to be asked for its passphrase; ${owner === 'site' ? 'give its password, or ' : ''}write it without one: \`openssl pkey -in FILE -out FILE.plain\``,
    );
  }
  try {
    return createPrivateKey({
      key: block,
      format: 'pem',
      ...(isEncrypted ? { passphrase: passphrase ?? '' } : {}),
    });
  } catch (error) {
    const why = isEncrypted ? 'is the passphrase right?' : 'is the file whole?';
    throw new CertificateProblem(`${place}: the private key cannot be read (${reasonOf(error)}); ${why}`);
  }
}

/** @throws {CertificateProblem} unless the key is that of the first certificate */
export function checkPair(
  certificates: readonly X509Certificate[],
  certificatePlace: string,
  key: KeyObject,
  keyPlace: string,
): void {
  const index = certificates.findIndex((certificate) => certificate.checkPrivateKey(key));
  if (index === 0) return;
  if (index > 0) {
    throw new CertificateProblem(
      `${certificatePlace}: the private key belongs to certificate ${index + 1} in it; the server's own comes first, and then those that have signed it`,
    );
  }
  throw new CertificateProblem(
    `${keyPlace}: the private key does not belong to the certificate of ${certificatePlace}; where they belong together, \`openssl x509 -in CERTFILE -noout -pubkey\` and \`openssl pkey -in KEYFILE -pubout\` print the same`,
  );
}

/** What clients will not like about it, at this time. */
export function validityWarnings(
  certificates: readonly X509Certificate[],
  place: string,
  nowMs: number,
): string[] {
  return certificates.flatMap((certificate, index) => {
    const which = index === 0 ? 'the certificate' : `certificate ${index + 1}`;
    const { validFrom, validTo } = certificate;
    if (Date.parse(validTo) < nowMs)
      return [`${place}: ${which} has expired on ${validTo}; clients will refuse it`];
    if (Date.parse(validFrom) > nowMs) {
      return [`${place}: ${which} is not valid before ${validFrom}; clients will refuse it until then`];
    }
    return [];
  });
}

/** OpenSSL's errors have a reason, and around it where in OpenSSL it was found. */
export function reasonOf(error: unknown): string {
  const { reason, message } = error as Error & { readonly reason?: string };
  return reason ?? message;
}
