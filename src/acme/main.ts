// The process that obtains certificates: started by the arbiter when some are due, told which over IPC, gone when that is done.

import type {
  AcmeToArbiter,
  ArbiterToAcme,
  CertificateOrder,
  Challenge,
} from '../protocol/supervision/acme.ts';
import { CertificateStore } from '../tls/certificate-store.ts';
import { openAccount } from './account.ts';
import { obtain } from './order.ts';
import { prepareLibrary, problemOf, reasonOf } from './reason.ts';

type ObtainMessage = Extract<ArbiterToAcme, { type: 'obtain' }>;

/** At once; the others wait for these. One that hangs holds up no others but behind so many. */
const MOST_AT_ONCE = 8;

const OVERHEARD = [
  'SIGINT',
  'SIGQUIT',
  'SIGTERM',
  'SIGHUP',
  'SIGUSR1',
  'SIGUSR2',
  'SIGTTIN',
  'SIGTTOU',
] as const;

let challenges = 0;
/** What waits for the edge to serve a challenge, by its id. */
const served = new Map<number, () => void>();

async function work({ account, orders }: ObtainMessage): Promise<void> {
  const store = new CertificateStore(account.folder, account.directory);
  const waiting = [...orders];
  const opened = openAccount(account, store);
  const workers = Array.from({ length: Math.min(MOST_AT_ONCE, waiting.length) }, async () => {
    for (let order = waiting.shift(); order !== undefined; order = waiting.shift()) {
      await carryOut(order);
    }
  });
  await Promise.all(workers);

  async function carryOut(order: CertificateOrder): Promise<void> {
    const { hosts } = order;
    try {
      const { client } = await opened;
      store.keep(hosts, await obtain(client, order, account.profile, withChallenge));
      tell({ type: 'obtained', hosts });
    } catch (error) {
      tell({
        type: 'failed',
        hosts,
        reason: reasonOf(error),
        retryAfterMs: problemOf(error)?.retryAfterMs ?? 0,
      });
    }
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
  for (const signal of OVERHEARD) process.on(signal, () => {});
  process.on('disconnect', () => process.exit(0));
  process.on('message', (message: ArbiterToAcme) => {
    if (message.type === 'challenge-served') served.get(message.id)?.();
    else void work(message).finally(() => process.disconnect());
  });
}

main();
