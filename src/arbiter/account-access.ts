import { spawnSync } from 'node:child_process';
import { realpathSync } from 'node:fs';
import { dirname } from 'node:path';
import { KirinError } from '../base/errors.ts';
import { launchAs } from './launch.ts';
import type { Owner, Plan } from './plan.ts';

type Use = 'enter' | 'read' | 'run';

/** A file or folder that the account of edge and workers cannot do without. */
interface Need {
  readonly path: string;
  readonly what: string;
  readonly uses: readonly Use[];
}

interface Trial {
  readonly use: Use;
  readonly path: string;
  readonly need: Need;
}

/** Prints the number of the first trial that fails. */
const SCRIPT = 'n=0; while [ $# -gt 0 ]; do test "$1" "$2" || { echo $n; exit; }; n=$((n+1)); shift 2; done';

/**
 * Without these neither the edge nor a worker would start, and what Node and Python then say names no way out.
 * @throws {KirinError} that names the first file or folder that the account may not use
 */
export function checkAccess(
  { owner, apps }: Pick<Plan, 'owner' | 'apps'>,
  node: string,
  scripts: readonly string[],
): void {
  if (owner === null) return;
  const needs: Need[] = [
    { path: node, what: 'Node, which runs kirin', uses: ['run'] },
    ...scripts.map((path): Need => ({ path, what: "kirin's own files", uses: ['read'] })),
    ...apps.flatMap(({ python, boot }): Need[] => [
      { path: python.path, what: 'the Python interpreter', uses: ['run'] },
      { path: boot.chdir, what: "the app's folder", uses: ['enter', 'read'] },
    ]),
  ];
  const failed = firstFailure(needs.flatMap(trialsOf), owner);
  if (failed === null) return;
  const { use, path, need } = failed;
  const where = path === need.path ? '' : ` (${need.path})`;
  throw new KirinError(
    'account-unable',
    `user ${owner.uid} may not ${use} ${path}, and needs ${need.what}${where}`,
  );
}

/** Every folder on the way has to let the account through, also where a link leads. */
function trialsOf(need: Need): Trial[] {
  const folders = new Set([...ancestors(need.path), ...ancestors(realpathSync(need.path))]);
  return [
    ...[...folders].map((path): Trial => ({ use: 'enter', path, need })),
    ...need.uses.map((use): Trial => ({ use, path: need.path, need })),
  ];
}

/** From the root down to the folder that holds it. */
function ancestors(path: string): string[] {
  const parent = dirname(path);
  return parent === path ? [] : [...ancestors(parent), parent];
}

/** By trying it as that account: modes alone do not tell, where there are access lists. */
function firstFailure(trials: readonly Trial[], owner: Owner): Trial | null {
  const words = trials.flatMap(({ use, path }) => [use === 'read' ? '-r' : '-x', path]);
  const { command, args, account } = launchAs(owner, '/bin/sh', ['-c', SCRIPT, 'sh', ...words]);
  const { stdout, error } = spawnSync(command, args, { ...account, cwd: '/', encoding: 'utf8' });
  // Where there is no shell, what starts next fails with its own words.
  if (error !== undefined || stdout.trim() === '') return null;
  return trials[Number(stdout)] ?? null;
}
