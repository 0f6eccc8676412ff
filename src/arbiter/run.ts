// Process 1's main: binds, runs the arbiter, cleans up. It is here that signals arrive.

import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { KirinError } from '../base/errors.ts';
import type { BindAddress } from '../config/bind-address.ts';
import type { Notice } from '../config/notices.ts';
import type { ResolvedConfig } from '../config/resolved-config.ts';
import { wantsColour } from '../observe/colour.ts';
import { ErrorLog } from '../observe/error-log.ts';
import { checkAccess } from './account-access.ts';
import { Arbiter } from './arbiter.ts';
import { BindError } from './bind-socket.ts';
import { FIRST_LISTENER_FD } from './edge-process.ts';
import type { Outcome } from './events.ts';
import { leaks } from './inherited-socket.ts';
import { bindListener, type Listener, type ListenerOptions } from './listeners.ts';
import { giveLogFiles } from './log-files.ts';
import { PidFile } from './pid-file.ts';
import { planFrom } from './plan.ts';
import { findPortHolder } from './port-holder.ts';
import { createRunFolder } from './run-folder.ts';
import { SignalInbox } from './signal-inbox.ts';
import { chooseAddresses } from './systemd-sockets.ts';
import { withTls } from './tls.ts';
import { version } from './version.ts';

/** As Gunicorn: a predecessor that is just stopping frees its address within seconds. */
const BIND_ATTEMPTS = 5;
const BIND_RETRY_MS = 1000;

const STDERR_FD = 2;

const EDGE_SCRIPT = fileURLToPath(new URL('../edge/main.js', import.meta.url));
const ZYGOTE_SCRIPT = fileURLToPath(new URL('../../python/kirin_worker/__main__.py', import.meta.url));

export interface RunOptions {
  /** Sockets that were opened for this process: they take the place of addresses to bind. */
  readonly openedSockets: readonly BindAddress[];
  /** Called once, when the first worker serves. */
  readonly onReady?: () => void;
}

/**
 * Runs Kirin until it is told to stop; returns the exit code.
 * @throws {KirinError} when it cannot start
 */
export async function runArbiter(
  initial: ResolvedConfig,
  resolveAgain: () => Promise<ResolvedConfig>,
  { openedSockets, onReady }: RunOptions,
): Promise<number> {
  const addresses = chooseAddresses(initial.settings.bind, openedSockets);
  const surroundings = {
    env: process.env,
    owner: { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 },
    hasColour: wantsColour(STDERR_FD, process.env),
    leakingFds: addresses.flatMap((address) => (address.kind === 'fd' ? [address.fd] : [])).filter(leaks),
  };
  const secured = await withTls(initial);
  const plan = planFrom(initial, surroundings, secured.tls);
  checkAccess(plan, process.execPath, [EDGE_SCRIPT, ZYGOTE_SCRIPT]);
  const pidFile = plan.pidFile === null ? null : claimPidFile(plan.pidFile);
  giveLogFiles(plan);
  const log = new ErrorLog({ target: plan.edge.errorLog, level: plan.edge.logLevel });
  process.title = `kirin: master [${plan.name}]`;

  const signals = new SignalInbox();
  log.info(`Starting kirin ${version()}`);
  const told = new Set<string>();
  tell([...initial.notices, ...secured.notices], log, told);
  const listeners: Listener[] = [];
  try {
    for (let attempt = 1; ; attempt++) {
      await bindAll(
        addresses,
        { ...plan, scheme: plan.edge.tls === null ? 'http' : 'https' },
        listeners,
        attempt,
        { log, signals },
      );
      const runFolder = createRunFolder(plan.owner);
      try {
        const arbiter = new Arbiter({
          plan,
          planAgain: async () => {
            const config = await resolveAgain();
            const { tls, notices } = await withTls(config);
            tell([...config.notices, ...notices], log, told);
            const next = planFrom(config, surroundings, tls);
            checkAccess({ ...next, owner: plan.owner }, process.execPath, [EDGE_SCRIPT, ZYGOTE_SCRIPT]);
            return next;
          },
          listeners,
          runFolder,
          log,
          edgeScript: EDGE_SCRIPT,
          edgeEnv: process.env,
          zygoteScript: ZYGOTE_SCRIPT,
          onListening: () => writePidFile(pidFile, log),
          onServing: () => onReady?.(),
          closeListeners: () => closeAll(listeners),
        });
        signals.deliverTo((name) => arbiter.enqueue({ kind: 'signal', name }));
        const outcome = await arbiter.run();
        if (outcome.kind === 'exit') {
          tellEnd(outcome, log);
          return outcome.code;
        }
        // Somebody else was faster between our bind and the edge's listen.
        const attempts = addresses.some(isInherited) ? BIND_ATTEMPTS : attempt;
        await refuseOrWait(failedAddress(addresses, outcome), outcome.code, attempts, { log, signals });
      } finally {
        signals.keep();
        runFolder.remove();
        closeAll(listeners);
      }
    }
  } catch (error) {
    if ((error as Error).name === 'AbortError') return 0; // told to stop while waiting for an address
    throw error;
  } finally {
    closeAll(listeners);
    pidFile?.remove();
    signals.close();
  }
}

/** In Gunicorn's words, which are looked for. */
function tellEnd({ code, reason }: Outcome & { kind: 'exit' }, log: ErrorLog): void {
  log[code === 0 ? 'info' : 'error']('Shutting down: Master');
  if (reason !== null) log.error(`Reason: ${reason}`);
}

/** Says what was not said yet. */
function tell(notices: readonly Notice[], log: ErrorLog, told: Set<string>): void {
  for (const { level, message } of notices) {
    if (!told.has(message)) log[level](message);
    told.add(message);
  }
}

function claimPidFile(path: string): PidFile {
  const pidFile = new PidFile(path);
  const other = pidFile.otherOwner();
  if (other !== null) {
    throw new KirinError(
      'pidfile-unusable',
      `the pid file ${path} names process ${other}, which is running`,
      'Stop that process, or remove the file if it is not a Kirin.',
    );
  }
  try {
    pidFile.checkWritable();
  } catch (error) {
    throw new KirinError('pidfile-unusable', `the pid file cannot be written: ${(error as Error).message}`);
  }
  return pidFile;
}

function writePidFile(pidFile: PidFile | null, log: ErrorLog): void {
  try {
    pidFile?.write();
  } catch (error) {
    log.error(`Cannot write the pid file, going on without: ${(error as Error).message}`);
  }
}

interface Waiting {
  readonly log: ErrorLog;
  readonly signals: SignalInbox;
}

/** Binds every address, into `listeners`. */
async function bindAll(
  addresses: readonly BindAddress[],
  options: ListenerOptions,
  listeners: Listener[],
  firstAttempt: number,
  waiting: Waiting,
): Promise<void> {
  for (const address of addresses) {
    for (let attempt = firstAttempt; ; attempt++) {
      try {
        listeners.push(await bindListener(address, listeners.length, options));
        break;
      } catch (error) {
        if (!(error instanceof BindError)) throw error;
        await refuseOrWait(address, error.code, attempt, waiting, error.detail);
      }
    }
  }
}

/** Returns when another attempt may be made. */
async function refuseOrWait(
  address: BindAddress,
  code: string,
  attempt: number,
  { log, signals }: Waiting,
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

/** It cannot be bound again. */
const isInherited = ({ kind }: BindAddress): boolean => kind === 'fd';

function failedAddress(
  addresses: readonly BindAddress[],
  outcome: Outcome & { kind: 'listen-failed' },
): BindAddress {
  const address = addresses[outcome.fd - FIRST_LISTENER_FD];
  if (address === undefined) throw new Error(`the edge names descriptor ${outcome.fd}, which is no listener`);
  return address;
}

function closeAll(listeners: Listener[]): void {
  for (const { socket } of listeners.splice(0)) socket.close();
}
