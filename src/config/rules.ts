import type { Problem } from './config-error.ts';
import { requestsText } from './lane-quota.ts';
import type { Machine } from './machine.ts';
import { ValueProblem } from './setting.ts';
import type { Settings } from './settings.ts';
import type { Sources } from './sources.ts';
import { parseSyslogAddress } from './syslog-kinds.ts';

/** Rules that span settings, or a setting and the machine. */
export function checkRules(settings: Settings, sources: Sources, machine: Machine): Problem[] {
  const messages = [
    ...onlyRootSwitchesAccounts(settings, sources, machine),
    ...reservesLeaveALane(settings, sources),
    ...limitsCoverReserves(settings),
    ...greenletsHaveAFixedNumberOfWorkers(settings, sources),
    ...keysHaveCertificates(settings, sources),
    ...syslogCanBeFound(settings, sources),
    ...prefixesAreDistinct(settings),
  ];
  return messages.map((message) => ({ fault: 'meaning', message }));
}

function* onlyRootSwitchesAccounts(
  settings: Settings,
  sources: Sources,
  machine: Machine,
): Generator<string> {
  if (machine.uid === 0) return;
  if (settings.user !== machine.uid) {
    yield `user ${settings.user} (from ${sources.user}): only root may switch users, and kirin was started by user ${machine.uid}`;
  }
  if (settings.group !== machine.gid) {
    yield `group ${settings.group} (from ${sources.group}): only root may switch groups, and kirin was started with group ${machine.gid}`;
  }
}

function* reservesLeaveALane(settings: Settings, sources: Sources): Generator<string> {
  const reserved = settings.lane_reserve.reduce((sum, { lanes }) => sum + lanes, 0);
  const isGevent = settings.worker_class === 'gevent';
  const lanes = settings.workers.min * (isGevent ? settings.worker_connections : settings.threads);
  if (reserved === 0 || reserved < lanes) return;
  yield `lane_reserve (from ${sources.lane_reserve}) keeps ${reserved} lanes free, and there are ${lanes} (workers x ${isGevent ? 'worker_connections' : 'threads'}): other requests would never run; give more of them, or reserve fewer`;
}

function* limitsCoverReserves({ lane_limit, lane_reserve }: Settings): Generator<string> {
  for (const reserve of lane_reserve) {
    const requests = requestsText(reserve);
    const limit = lane_limit.findLast((each) => requestsText(each) === requests);
    if (limit === undefined || limit.lanes >= reserve.lanes) continue;
    yield `lane_reserve keeps ${reserve.lanes} lanes free for '${requests}', and lane_limit lets such requests use ${limit.lanes}: reserve no more than the limit`;
  }
}

function* keysHaveCertificates({ certfile, keyfile }: Settings, sources: Sources): Generator<string> {
  if (keyfile === null || certfile !== null) return;
  yield `keyfile ${keyfile} (from ${sources.keyfile}) needs a certificate: give the file that has it as certfile`;
}

function* syslogCanBeFound({ syslog, syslog_addr }: Settings, sources: Sources): Generator<string> {
  if (!syslog) return;
  try {
    parseSyslogAddress(syslog_addr);
  } catch (error) {
    if (!(error instanceof ValueProblem)) throw error;
    yield `syslog_addr '${syslog_addr}' (from ${sources.syslog_addr}): ${error.message}`;
  }
}

function* prefixesAreDistinct({ static_files }: Settings): Generator<string> {
  const folders = new Map<string, string>();
  for (const { prefix, folder } of static_files) {
    const other = folders.get(prefix);
    folders.set(prefix, folder);
    if (other === undefined) continue;
    yield `static_files gives two folders for '${prefix || '/'}', ${other} and ${folder}: give each prefix once`;
  }
}

/** More workers come when requests wait for a lane, and greenlets are lanes enough: nothing tells what such workers lack. */
function* greenletsHaveAFixedNumberOfWorkers(settings: Settings, sources: Sources): Generator<string> {
  const { min, max } = settings.workers;
  if (settings.worker_class !== 'gevent' || min === max) return;
  yield `workers ${min}..${max} (from ${sources.workers}): gevent workers take requests up to worker_connections at once, so that none wait as long as more workers would help; give a number, such as one for each core`;
}
