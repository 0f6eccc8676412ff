// The process that obtains certificates: started by the arbiter when some are due, told which over IPC, gone when that is done.

import { OVERHEARD_SIGNALS } from '../base/overheard-signals.ts';
import type {
  AcmeToArbiter,
  ArbiterToAcme,
  CertificateOrder,
  Challenge,
} from '../protocol/supervision/acme.ts';
import { CertificateStore, isFor, type StoredCertificate } from '../tls/certificate-store.ts';
import { openAccount } from './account.ts';
import { takeFolderLock } from './folder-lock.ts';
import { obtain } from './order.ts';
import { prepareLibrary, problemOf, reasonOf } from './reason.ts';
import { certificateId, renewalBase, renewalInfo } from './renewal-info.ts';

type ObtainMessage = Extract<ArbiterToAcme, { type: 'obtain' }>;

/** At once; the others wait for these. One that hangs holds up no others but behind so many. */
const MOST_AT_ONCE = 8;

const ASK_AGAIN_MS = 3_600_000;

let challenges = 0;
/** What waits for the edge to serve a challenge, by its id. */
const served = new Map<number, () => void>();

async function work({ account, orders, asks, yields }: ObtainMessage): Promise<void> {
  const store = new CertificateStore(account.folder, account.directory);
  await eachOf(asks, (hosts) => ask(store, account.directory, hosts));
  if (orders.length === 0) return;
  if (!(await hasLock(store)) && yields) {
    tell({ type: 'busy' });
    return;
  }
  const wanted = orders.filter((order) => !hasCome(store, order));
  if (wanted.length === 0) return;
  for (const { hosts } of wanted) tell({ type: 'ordering', hosts });
  const opened = openAccount(account, store);
  await eachOf(wanted, async (order) => {
    const { hosts } = order;
    try {
      const { client } = await opened;
      const replaced = store.find(hosts);
      const base = replaced === null ? null : await renewalBase(account.directory);
      const replaces = replaced === null || base === null ? null : certificateId(replaced.certificate);
      store.keep(hosts, await obtain(client, order, { profile: account.profile, replaces }, withChallenge));
      tell({ type: 'obtained', hosts });
    } catch (error) {
      const retryAfterMs = problemOf(error)?.retryAfterMs ?? 0;
      tell({ type: 'failed', hosts, reason: reasonOf(error), retryAfterMs });
      return;
    }
    await ask(store, account.directory, hosts);
  });
}

/** A folder that cannot be made cannot be written to either, and that is told of each order. */
async function hasLock({ folder }: CertificateStore): Promise<boolean> {
  try {
    return await takeFolderLock(folder);
  } catch {
    return true;
  }
}

/** Whether somebody else has obtained it since it was ordered. */
function hasCome(store: CertificateStore, { hosts, untilMs }: CertificateOrder): boolean {
  const stored = storedOrNull(store, hosts);
  if (stored === null || stored.untilMs === untilMs || !isFor(stored, hosts)) return false;
  tell({ type: 'obtained', hosts });
  return true;
}

function storedOrNull(store: CertificateStore, hosts: readonly string[]): StoredCertificate | null {
  try {
    return store.find(hosts);
  } catch {
    return null;
  }
}

async function eachOf<T>(items: readonly T[], use: (item: T) => Promise<void>): Promise<void> {
  const waiting = [...items];
  const workers = Array.from({ length: Math.min(MOST_AT_ONCE, waiting.length) }, async () => {
    for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) await use(item);
  });
  await Promise.all(workers);
}

async function ask(store: CertificateStore, directory: string, hosts: readonly string[]): Promise<void> {
  const stored = store.find(hosts);
  if (stored === null) return;
  const nowMs = Date.now();
  const { untilMs, certificate } = stored;
  try {
    const info = await renewalInfo(await renewalBase(directory), certificate, nowMs);
    tell({ type: 'renewal-info', hosts, untilMs, ...info });
  } catch {
    // It is renewed in time without that.
    tell({ type: 'renewal-info', hosts, untilMs, window: null, askAgainMs: nowMs + ASK_AGAIN_MS });
  }
}

/** While `use` runs, whoever asks for the challenge gets the answer. */
async function withChallenge<T>(challenge: Challenge, use: () => Promise<T>): Promise<T> {
  const id = ++challenges;
  const isServed = new Promise<void>((resolve) => served.set(id, resolve));
  tell({ type: 'challenge', id, challenge });
  await isServed;
  try {
    return await use();
  } finally {
    tell({ type: 'challenge-over', id });
  }
}

function tell(message: AcmeToArbiter): void {
  if (process.connected) process.send?.(message, undefined, undefined, () => {});
}

function main(): void {
  prepareLibrary();
  // The arbiter says when it is over: by the end of the channel.
  for (const signal of OVERHEARD_SIGNALS) process.on(signal, () => {});
  process.on('disconnect', () => process.exit(0));
  process.on('message', (message: ArbiterToAcme) => {
    if (message.type === 'challenge-served') served.get(message.id)?.();
    else void work(message).finally(() => process.disconnect());
  });
}

main();
