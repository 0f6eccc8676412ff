import { readFileSync } from 'node:fs';
import { Client, crypto } from 'acme-client';
import type { AcmeAccount } from '../protocol/supervision/acme.ts';
import type { CertificateStore } from '../tls/certificate-store.ts';
import { problemOf } from './reason.ts';

const KEY_FILE = 'account.key';
const ACCOUNT_FILE = 'account.json';

interface KnownAccount {
  readonly url: string;
  readonly email: string | null;
}

/** It has been deactivated, or the authority has lost it. */
const FORGOTTEN = /:(?:accountDoesNotExist|unauthorized)$/;

/** How often, and in milliseconds how far apart, it is asked whether something is done. */
const POLLING = { backoffAttempts: 20, backoffMin: 1000, backoffMax: 15_000 };

/** The account that the store has; one is made where there is none, and where the authority does not know it any more. */
export async function openAccount(
  { directory, email, bindingFile }: AcmeAccount,
  store: CertificateStore,
): Promise<{ client: Client }> {
  const accountKey = store.read(KEY_FILE) ?? (await newKey(store));
  const known = readKnown(store.read(ACCOUNT_FILE));
  if (known !== null) {
    const client = new Client({ directoryUrl: directory, accountKey, accountUrl: known.url, ...POLLING });
    if (await isStillKnown(client, known, email)) {
      remember(store, client, email);
      return { client };
    }
  }
  const binding = bindingFile === null ? {} : { externalAccountBinding: readBinding(bindingFile) };
  const client = new Client({ directoryUrl: directory, accountKey, ...POLLING, ...binding });
  // Who sets tls = "automatic" agrees to the authority's terms: docs/operate/automatic-certificates.md says so.
  await client.createAccount({ termsOfServiceAgreed: true, ...contactOf(email) });
  remember(store, client, email);
  return { client };
}

function readBinding(path: string): { kid: string; hmacKey: string } {
  const [kid, hmacKey, ...more] = readFileSync(path, 'utf8').trim().split(/\s+/);
  if (kid && hmacKey && more.length === 0) return { kid, hmacKey };
  throw new Error(`acme_eab ${path} does not hold an id and a key, with a space or a line between them`);
}

const contactOf = (email: string | null) => (email === null ? {} : { contact: [`mailto:${email}`] });

async function newKey(store: CertificateStore): Promise<string> {
  const key = (await crypto.createPrivateEcdsaKey('P-256')).toString();
  store.write(KEY_FILE, key);
  return key;
}

/** Test authorities forget accounts when they start again; another address is told. */
async function isStillKnown(client: Client, known: KnownAccount, email: string | null): Promise<boolean> {
  try {
    const { status } = await client.updateAccount(
      known.email === email ? {} : { contact: [], ...contactOf(email) },
    );
    return status === 'valid';
  } catch (error) {
    if (FORGOTTEN.test(problemOf(error)?.type ?? '')) return false;
    throw error;
  }
}

function remember(store: CertificateStore, client: Client, email: string | null): void {
  const known: KnownAccount = { url: client.getAccountUrl(), email };
  const text = `${JSON.stringify(known)}\n`;
  if (store.read(ACCOUNT_FILE) !== text) store.write(ACCOUNT_FILE, text);
}

function readKnown(text: string | null): KnownAccount | null {
  try {
    return text === null ? null : (JSON.parse(text) as KnownAccount);
  } catch {
    return null;
  }
}
