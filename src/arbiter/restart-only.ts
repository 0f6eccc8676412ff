import { isDeepStrictEqual } from 'node:util';
import type { Plan } from './plan.ts';

/** What processes that live on hold: sockets that are bound, accounts that were changed to, files that were written. By their settings. */
const HELD = {
  bind: ({ bind }: Plan) => bind,
  'user, group or initgroups': ({ owner }: Plan) =>
    owner === null ? null : [owner.uid, owner.gid, owner.groupsBy !== null],
  umask: ({ umask }: Plan) => umask,
  pidfile: ({ pidFile }: Plan) => pidFile,
} as const;

/** The plan for a reload: the new one, with what only a restart changes from the old; `kept` names what would have changed. */
export function keepWhatIsBound(old: Plan, next: Plan): { plan: Plan; kept: string[] } {
  const { bind, owner, umask, pidFile } = old;
  const kept = Object.entries(HELD)
    .filter(([, held]) => !isDeepStrictEqual(held(old), held(next)))
    .map(([name]) => name);
  return { plan: { ...next, bind, owner, umask, pidFile }, kept };
}
