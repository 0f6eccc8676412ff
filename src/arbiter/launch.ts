import { fileURLToPath } from 'node:url';
import type { Owner } from './plan.ts';

const SCRIPT = fileURLToPath(new URL('../../python/kirin_worker/take_account.py', import.meta.url));

/** How a program is started for an account. */
export interface Launch {
  readonly command: string;
  readonly args: readonly string[];
  /** For Node's spawn, which gives the account its own group alone. */
  readonly account: { readonly uid?: number; readonly gid?: number };
}

/** `command` is a path: where it has to take all groups along, nobody looks for it. */
export function launchAs(owner: Owner | null, command: string, args: readonly string[]): Launch {
  if (owner === null) return { command, args, account: {} };
  const { uid, gid, groupsBy } = owner;
  if (groupsBy === null) return { command, args, account: { uid, gid } };
  // Isolated, and without site packages: it is root's.
  const before = ['-I', '-S', SCRIPT, String(uid), String(gid), command];
  return { command: groupsBy, args: [...before, ...args], account: {} };
}
