// One order of RFC 8555 7.4: from the names to the certificate.

import { type Authorization, type Client, crypto, type Order } from 'acme-client';
import type { CertificateOrder, Challenge, ChallengeType } from '../protocol/supervision/acme.ts';
import type { KeyPair } from '../tls/key-pair.ts';
import { problemOf } from './reason.ts';

/** Runs `use` while whoever asks for the challenge gets the answer. */
type WithChallenge = (challenge: Challenge, use: () => Promise<void>) => Promise<void>;

interface OrderWishes {
  readonly profile: string | null;
  /** The certificate that this one takes the place of (RFC 9773 5); null: none. */
  readonly replaces: string | null;
}

const NOT_TO_BE_REPLACED = /:(?:alreadyReplaced|malformed|unauthorized|serverInternal)$/;

/** @throws in the authority's words, where it does not give one */
export async function obtain(
  client: Client,
  { hosts, challenge }: CertificateOrder,
  wishes: OrderWishes,
  withChallenge: WithChallenge,
): Promise<KeyPair> {
  const identifiers = hosts.map((value) => ({ type: 'dns', value }));
  const order = await place(client, identifiers, wishes);
  const authorizations = await client.getAuthorizations(order);
  const outcomes = await Promise.allSettled(
    authorizations.map((authorization) => authorize(client, authorization, challenge, withChallenge)),
  );
  // All have ended: none of their challenges is left behind.
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
  return finish(client, order, hosts);
}

/** Both are younger than the library's types. An authority may know of another order that replaces the same. */
async function place(
  client: Client,
  identifiers: { type: string; value: string }[],
  { profile, replaces }: OrderWishes,
): Promise<Order> {
  const plain = { identifiers, ...(profile === null ? {} : { profile }) };
  if (replaces === null) return client.createOrder(plain);
  try {
    return await client.createOrder({ ...plain, ...{ replaces } });
  } catch (error) {
    if (!NOT_TO_BE_REPLACED.test(problemOf(error)?.type ?? '')) throw error;
    return client.createOrder(plain);
  }
}

async function authorize(
  client: Client,
  authorization: Authorization,
  type: ChallengeType,
  withChallenge: WithChallenge,
): Promise<void> {
  const host = authorization.identifier.value;
  // It was shown before, and is still believed.
  if (authorization.status === 'valid') return;
  const challenge = authorization.challenges.find((offered) => offered.type === type);
  if (challenge === undefined) {
    const offered = authorization.challenges.map((each) => each.type).join(', ');
    throw new Error(`${host}: the authority does not offer ${type}, but ${offered || 'nothing'}`);
  }
  const keyAuthorization = await client.getChallengeKeyAuthorization(challenge);
  const shown = await answerTo(authorization, type, challenge.token, keyAuthorization);
  await withChallenge(shown, async () => {
    await client.completeChallenge(challenge);
    try {
      await client.waitForValidStatus(challenge);
    } catch (error) {
      (error as Error).message = withHost(host, (error as Error).message);
      throw error;
    }
  });
}

const withHost = (host: string, reason: string): string =>
  reason.startsWith(`${host}:`) ? reason : `${host}: ${reason}`;

async function answerTo(
  authorization: Authorization,
  type: ChallengeType,
  token: string,
  keyAuthorization: string,
): Promise<Challenge> {
  if (type === 'http-01') return { type, token, keyAuthorization };
  const key = await crypto.createPrivateEcdsaKey('P-256');
  const [, certificate] = await crypto.createAlpnCertificate(authorization, keyAuthorization, key);
  return { type, host: authorization.identifier.value, certificate: String(certificate), key: String(key) };
}

/** A new key for each certificate: one that has leaked is of no use for longer than that. */
async function finish(client: Client, order: Order, hosts: readonly string[]): Promise<KeyPair> {
  const [key, request] = await crypto.createCsr(
    { altNames: [...hosts] },
    await crypto.createPrivateEcdsaKey('P-256'),
  );
  const finalized = await client.finalizeOrder(order, request);
  return { certificate: await client.getCertificate(finalized), key: String(key) };
}
