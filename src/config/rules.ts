import type { Problem } from './config-error.ts';
import type { Machine } from './machine.ts';
import type { Settings } from './settings.ts';
import type { Sources } from './sources.ts';

/** Rules that span settings, or a setting and the machine. */
export function checkRules(settings: Settings, sources: Sources, machine: Machine): Problem[] {
  const messages = [...onlyRootSwitchesAccounts(settings, sources, machine)];
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
