// Makes keys and certificates. This module alone knows the library, and is a bundle of its own: it is loaded when one is to be made.

// Comes with the library, which wants it to be there first.
import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import { isIP } from 'node:net';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type Extension,
  type JsonGeneralName,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';
import type { KeyPair } from './key-pair.ts';

/** What browsers and every TLS library have; the keys are small, and signing with them is fast. */
const KEY = { name: 'ECDSA', namedCurve: 'P-256' };
const SIGNATURE = { name: 'ECDSA', hash: 'SHA-256' };

export interface Validity {
  readonly from: Date;
  readonly until: Date;
}

/** One that signs others, and that no other vouches for. */
export async function makeAuthority(name: string, { from, until }: Validity): Promise<KeyPair> {
  const keys = await makeKeys();
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: [{ CN: [name] }],
    keys,
    signingAlgorithm: SIGNATURE,
    notBefore: from,
    notAfter: until,
    extensions: [
      // It signs servers' certificates, and no other authorities.
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { certificate: pem(certificate), key: await privateKeyPem(keys) };
}

/** A server's, for host names (also `*.shop.test`) and addresses. */
export async function makeCertificate(
  names: readonly string[],
  { from, until }: Validity,
  authority: KeyPair,
): Promise<KeyPair> {
  const keys = await makeKeys();
  const signer = new X509Certificate(authority.certificate);
  const extensions: Extension[] = [
    new BasicConstraintsExtension(false),
    new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
    new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
    new SubjectAlternativeNameExtension(names.map(generalName)),
    await AuthorityKeyIdentifierExtension.create(await signer.publicKey.export()),
    await SubjectKeyIdentifierExtension.create(keys.publicKey),
  ];
  const certificate = await X509CertificateGenerator.create({
    subject: [{ CN: [names[0] as string] }],
    issuer: signer.subjectName,
    publicKey: keys.publicKey,
    signingKey: await privateKeyFrom(authority.key),
    signingAlgorithm: SIGNATURE,
    notBefore: from,
    notAfter: until,
    extensions,
  });
  return { certificate: pem(certificate), key: await privateKeyPem(keys) };
}

function generalName(name: string): JsonGeneralName {
  return { type: isIP(name) === 0 ? 'dns' : 'ip', value: name };
}

const makeKeys = () => webcrypto.subtle.generateKey(KEY, true, ['sign', 'verify']);

const pem = (certificate: X509Certificate): string => `${certificate.toString('pem')}\n`;

async function privateKeyPem({ privateKey }: webcrypto.CryptoKeyPair): Promise<string> {
  return `${PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', privateKey), 'PRIVATE KEY')}\n`;
}

function privateKeyFrom(text: string): Promise<webcrypto.CryptoKey> {
  return webcrypto.subtle.importKey('pkcs8', PemConverter.decodeFirst(text), KEY, false, ['sign']);
}
