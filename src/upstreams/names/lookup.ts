// How the name of a server becomes addresses.

import { type LookupAddress, lookup as systemLookup } from 'node:dns';
import { Resolver } from 'node:dns/promises';
import { Gate } from './gate.ts';

export interface Answer {
  /** IP addresses: at least one. */
  readonly addresses: readonly string[];
  /** How long they hold; null: nobody has said. */
  readonly ttlMs: number | null;
}

/** Fails with an error that has a `code`. */
export type Lookup = (name: string) => Promise<Answer>;

const TIMEOUT_MS = 2000;
const TRIES = 2;
/**
 * The system's own look-up holds a thread of the pool until it has an answer, ten seconds and more where a name server is silent. Of the
 * pool's eight threads the disk may have six (handlers/files/disk-gate.ts).
 */
const MAX_SYSTEM_LOOKUPS = 2;
const gate = new Gate(MAX_SYSTEM_LOOKUPS);

/** @param resolvers `ADDRESS:PORT` of name servers; none: the system's own, /etc/hosts and search domains included */
export function lookupBy(resolvers: readonly string[]): Lookup {
  if (resolvers.length === 0) return (name) => gate.run(name, () => askSystem(name));
  const resolver = new Resolver({ timeout: TIMEOUT_MS, tries: TRIES });
  resolver.setServers(resolvers);
  return (name) => askServers(name, resolver);
}

function askSystem(name: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    systemLookup(name, { all: true, verbatim: true }, (error, found: readonly LookupAddress[]) => {
      if (error === null) resolve({ addresses: distinct(found.map(({ address }) => address)), ttlMs: null });
      else reject(error);
    });
  });
}

/** Addresses of either kind do; an error is one only where there is no address at all. */
async function askServers(name: string, resolver: Resolver): Promise<Answer> {
  const [four, six] = await Promise.allSettled([
    resolver.resolve4(name, { ttl: true }),
    resolver.resolve6(name, { ttl: true }),
  ]);
  const records = [four, six].flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
  if (records.length === 0)
    throw four.status === 'rejected' ? four.reason : (six as { reason?: unknown }).reason;
  return {
    addresses: distinct(records.map(({ address }) => address)),
    ttlMs: Math.min(...records.map(({ ttl }) => ttl)) * 1000,
  };
}

function distinct(addresses: readonly string[]): readonly string[] {
  return [...new Set(addresses)];
}
