import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { KirinError } from '../base/errors.ts';
import type { BindAddress } from '../config/bind-address.ts';
import { addressKey } from './address-key.ts';
import { BindError } from './bind-socket.ts';
import { FIRST_LISTENER_FD } from './edge-process.ts';
import type { Outcome } from './events.ts';
import { noSuchDescriptor } from './inherited-socket.ts';
import { bindListener, inheritListener, type Listener, type ListenerOptions } from './listeners.ts';
import type { Log } from './log.ts';
import { findPortHolder } from './port-holder.ts';
import type { Predecessor } from './predecessor.ts';
import type { SignalInbox } from './signal-inbox.ts';

/** As Gunicorn: a predecessor that is just stopping frees its address within seconds. */
const BIND_ATTEMPTS = 5;
const BIND_RETRY_MS = 1000;

export interface BindContext {
  readonly options: ListenerOptions;
  /** Its sockets are taken over. */
  readonly predecessor: Predecessor | null;
  readonly log: Log;
  readonly signals: SignalInbox;
}

/**
 * Binds every address, into `listeners`.
 * @throws {KirinError} when one cannot be had
 */
export async function bindAll(
  addresses: readonly BindAddress[],
  listeners: Listener[],
  firstAttempt: number,
  context: BindContext,
): Promise<void> {
  for (const address of addresses) {
    for (let attempt = firstAttempt; ; attempt++) {
      try {
        listeners.push(await listenerFor(address, listeners.length, context));
        break;
      } catch (error) {
        if (!(error instanceof BindError)) throw error;
        await refuseOrWait(address, error.code, attempt, context, error.detail);
      }
    }
  }
}

async function listenerFor(
  address: BindAddress,
  index: number,
  { options, predecessor }: BindContext,
): Promise<Listener> {
  const offered = predecessor?.takeSocket(addressKey(address)) ?? null;
  if (offered !== null) return inheritListener(address, index, offered, options);
  // What has that number here is not what the user means.
  if (predecessor !== null && address.kind === 'fd') throw noSuchDescriptor(address.fd);
  return bindListener(address, index, options);
}

/**
 * The edge could not listen on what was bound: somebody else was faster. Returns when another attempt may be made.
 * @throws {KirinError} when none may
 */
export async function refuseOrWaitFor(
  addresses: readonly BindAddress[],
  { fd, code }: Outcome & { kind: 'listen-failed' },
  attempt: number,
  context: BindContext,
): Promise<void> {
  const address = addresses[fd - FIRST_LISTENER_FD];
  if (address === undefined) throw new Error(`the edge names descriptor ${fd}, which is no listener`);
  // What was given to this process is closed by now.
  const isRepeatable = context.predecessor === null && addresses.every(({ kind }) => kind !== 'fd');
  await refuseOrWait(address, code, isRepeatable ? attempt : BIND_ATTEMPTS, context);
}

/** Returns when another attempt may be made. */
async function refuseOrWait(
  address: BindAddress,
  code: string,
  attempt: number,
  { log, signals }: BindContext,
  detail: string | null = null,
): Promise<void> {
  if (code === 'EADDRINUSE' && attempt < BIND_ATTEMPTS) {
    log.error(`Connection in use: ${address.text}; trying again in 1 s (${attempt} of ${BIND_ATTEMPTS})`);
    await sleep(BIND_RETRY_MS, undefined, { signal: signals.stop });
    return;
  }
  const why = detail ?? reason(address, code);
  throw new KirinError('address-unavailable', `cannot listen on ${address.text}: ${why}`);
}

function reason(address: BindAddress, code: string): string {
  switch (code) {
    case 'EADDRINUSE': {
      const holder = address.kind === 'tcp' ? findPortHolder(address.port) : null;
      return `the address is in use by ${holder ?? 'another process'}`;
    }
    case 'EADDRNOTAVAIL':
      return 'this machine has no such address';
    case 'EACCES':
      if (address.kind === 'tcp' && address.port < 1024)
        return 'ports below 1024 need the privilege CAP_NET_BIND_SERVICE';
      // libuv makes no difference between a folder that is missing and one that is not ours.
      if (address.kind === 'unix' && !existsSync(dirname(address.path)))
        return `there is no folder ${dirname(address.path)}`;
      return 'permission denied';
    case 'EEXIST':
      return 'there is a file of that name which is not a socket';
    case 'ENOTFOUND':
      return 'the host name cannot be resolved';
    default:
      return code;
  }
}
