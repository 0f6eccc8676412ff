// Process 1's main: binds, runs the arbiter, cleans up. It is here that signals arrive.

import { closeSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { KirinError } from '../base/errors.ts';
import type { Notice } from '../config/notices.ts';
import type { ResolvedConfig } from '../config/resolved-config.ts';
import { wantsColour } from '../observe/colour.ts';
import { ErrorLog } from '../observe/error-log.ts';
import { checkAccess } from './account-access.ts';
import type { CertificateKeeper } from './acme/certificate-keeper.ts';
import { Arbiter } from './arbiter.ts';
import { bindAll, refuseOrWaitFor } from './bind-addresses.ts';
import type { Outcome } from './events.ts';
import { leaks } from './inherited-socket.ts';
import { closeListeners, type Listener } from './listeners.ts';
import { giveLogFiles } from './log-files.ts';
import { PidFile } from './pid-file.ts';
import { type Plan, planFrom } from './plan.ts';
import type { Predecessor } from './predecessor.ts';
import { Relays } from './relays.ts';
import { createRunFolder } from './run-folder.ts';
import type { ServiceManager } from './service-manager.ts';
import { SignalInbox } from './signal-inbox.ts';
import type { StartCommand } from './successor.ts';
import { chooseAddresses, type InheritedAddress } from './systemd-sockets.ts';
import { TicketSecret } from './ticket-secret.ts';
import { checkSchemes, readCertificates } from './tls.ts';
import { Upgrade } from './upgrade.ts';
import { version } from './version.ts';

const STDERR_FD = 2;

const EDGE_SCRIPT = fileURLToPath(new URL('../edge/main.js', import.meta.url));
const ACME_SCRIPT = fileURLToPath(new URL('../acme/main.js', import.meta.url));
const ZYGOTE_SCRIPT = fileURLToPath(new URL('../../python/kirin_worker/__main__.py', import.meta.url));

export interface RunOptions {
  /** How this process was started; a USR2 starts another alike. */
  readonly command: StartCommand;
  /** Sockets that systemd has opened for this process: they take the place of addresses to bind. */
  readonly openedSockets: readonly InheritedAddress[];
  /** The Kirin whose place this one is to take. */
  readonly predecessor: Predecessor | null;
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
  { command, openedSockets, predecessor, onReady }: RunOptions,
): Promise<number> {
  const opened = predecessor?.opened ?? openedSockets;
  const addresses = chooseAddresses(initial.settings.bind, opened);
  const given = predecessor === null ? addresses : [];
  const surroundings = {
    env: process.env,
    owner: { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 },
    hasColour: wantsColour(STDERR_FD, process.env),
    leakingFds: given.flatMap((address) => (address.kind === 'fd' ? [address.fd] : [])).filter(leaks),
  };
  const tickets = new TicketSecret((await predecessor?.ticketSecret) ?? null);
  const certificates = await readCertificates(initial, tickets);
  const schemeNotices = checkSchemes(addresses, certificates);
  const asked = planFrom(initial, surroundings, certificates);
  checkAccess(asked, process.execPath, [EDGE_SCRIPT, ZYGOTE_SCRIPT]);
  const pidFile = asked.pidFile === null ? null : claimPidFile(asked.pidFile, predecessor);
  giveLogFiles(asked);
  const log = new ErrorLog({ target: asked.edge.errorLog, level: asked.edge.logLevel });
  process.title = `kirin: master [${asked.name}${predecessor === null ? '' : '.2'}]`;

  const signals = new SignalInbox();
  const relays = new Relays(log, ZYGOTE_SCRIPT, asked.owner);
  const told = new Set<string>();
  const listeners: Listener[] = [];
  const scheme = certificates === null ? 'http' : 'https';
  const binding = { options: { ...asked, scheme }, predecessor, log, signals } as const;
  const serviceManager = await findServiceManager(asked, log, predecessor !== null);
  let isAnotherThere = () => predecessor !== null && !predecessor.isGone;
  const close = () => closeListeners(listeners, { keepsFiles: isAnotherThere() });
  try {
    const plan = await relays.equip(asked);
    log.info(`Starting kirin ${version()}`);
    tell([...initial.notices, ...(certificates?.notices ?? []), ...schemeNotices], log, told);
    for (let attempt = 1; ; attempt++) {
      await bindAll(addresses, listeners, attempt, binding);
      const unwanted = closeUnwanted(predecessor);
      predecessor?.whenGone(() => {
        log.info('Master has been promoted.');
        process.title = `kirin: master [${plan.name}]`;
        takeOverFiles(pidFile, plan, unwanted, log);
        serviceManager?.takeOver();
      });
      const runFolder = createRunFolder(plan.owner);
      try {
        let keeper: CertificateKeeper | null = null;
        /** Most have none that are obtained, and do without the code. */
        const keepCertificates = async ({ acme }: Plan): Promise<void> => {
          if (acme === null || keeper !== null) return;
          const { CertificateKeeper } = await import('./acme/certificate-keeper.ts');
          keeper = new CertificateKeeper({
            log,
            script: ACME_SCRIPT,
            env: process.env,
            tellEdge: (message) => arbiter.tellEdge(message),
            isReady: () => arbiter.canShowChallenges,
            changed: () => arbiter.lookAtCertificates(),
          });
        };
        await keepCertificates(plan);
        const arbiter: Arbiter = new Arbiter({
          plan,
          planAgain: async () => {
            const config = await resolveAgain();
            const certificates = await readCertificates(config, tickets);
            const schemeNotices = checkSchemes(addresses, certificates);
            tell([...config.notices, ...(certificates?.notices ?? []), ...schemeNotices], log, told);
            const next = planFrom(config, surroundings, certificates);
            checkAccess({ ...next, owner: plan.owner }, process.execPath, [EDGE_SCRIPT, ZYGOTE_SCRIPT]);
            await keepCertificates(next);
            return relays.equip(next);
          },
          upgrade: new Upgrade({
            command,
            listeners,
            opened,
            predecessor,
            tickets,
            log,
            enqueue: (event) => arbiter.enqueue(event),
          }),
          serviceManager,
          certificateKeeper: () => keeper,
          listeners,
          runFolder,
          log,
          edgeScript: EDGE_SCRIPT,
          edgeEnv: process.env,
          zygoteScript: ZYGOTE_SCRIPT,
          onListening: () => writePidFile(pidFile, log),
          onReopenLogs: () => relays.reopen(),
          onWorkers: (count) => relays.countWorkers(count),
          onServing: () => {
            predecessor?.tell({ type: 'serving' });
            onReady?.();
          },
          closeListeners: close,
        });
        isAnotherThere = () => arbiter.isAnotherThere;
        signals.deliverTo((name) => arbiter.enqueue({ kind: 'signal', name }));
        const outcome = await arbiter.run();
        if (outcome.kind === 'exit') {
          tellEnd(outcome, log);
          return outcome.code;
        }
        await refuseOrWaitFor(addresses, outcome, attempt, binding);
      } finally {
        signals.keep();
        runFolder.remove();
        close();
      }
    }
  } catch (error) {
    if ((error as Error).name === 'AbortError') return 0; // told to stop while waiting for an address
    throw error;
  } finally {
    close();
    // On its usual way out Node would close what stays open. This cuts that way short.
    if (listeners.length > 0) process.once('exit', () => process.exit());
    pidFile?.remove();
    await relays.end();
    signals.close();
  }
}

/** A daemon is none of a service manager's processes that it believes. */
async function findServiceManager(
  { isDaemon, python }: Plan,
  log: ErrorLog,
  hasPredecessor: boolean,
): Promise<ServiceManager | null> {
  const address = process.env.NOTIFY_SOCKET ?? '';
  if (address === '' || isDaemon) return null;
  // Loaded only where there is one.
  const { connectServiceManager } = await import('./service-manager.ts');
  return connectServiceManager(address, { env: process.env, python: python.path, log, hasPredecessor });
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

/** While the one before is there, that has the file; this one's is beside it. */
function claimPidFile(path: string, predecessor: Predecessor | null): PidFile {
  const pidFile = new PidFile(predecessor === null ? path : `${path}.2`);
  const other = pidFile.otherOwner();
  if (other !== null) {
    throw new KirinError(
      'pidfile-unusable',
      `the pid file ${pidFile.path} names process ${other}, which is running`,
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

/** Sockets of the one before this that are not listened on any more; returns their files. */
function closeUnwanted(predecessor: Predecessor | null): string[] {
  const unwanted = predecessor?.takeRest() ?? [];
  for (const { fd } of unwanted) closeSync(fd);
  return unwanted.flatMap(({ address }) =>
    address.startsWith('unix:') ? [address.slice('unix:'.length)] : [],
  );
}

/** The one before this is gone. */
function takeOverFiles(
  pidFile: PidFile | null,
  plan: Plan,
  unwanted: readonly string[],
  log: ErrorLog,
): void {
  for (const file of unwanted) rmSync(file, { force: true });
  try {
    if (plan.pidFile !== null) pidFile?.moveTo(plan.pidFile);
  } catch (error) {
    log.error(`Cannot write the pid file: ${(error as Error).message}`);
  }
}

function writePidFile(pidFile: PidFile | null, log: ErrorLog): void {
  try {
    pidFile?.write();
  } catch (error) {
    log.error(`Cannot write the pid file, going on without: ${(error as Error).message}`);
  }
}
