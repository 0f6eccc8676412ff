import type { Machine, ReadContext } from '../../../src/config/machine.ts';

interface FakeMachine {
  readonly files?: Readonly<Record<string, string>>;
  readonly folders?: readonly string[];
  readonly cores?: number;
  readonly uid?: number;
  readonly gid?: number;
}

/** A machine that holds just these files and folders. */
export function machine({
  files = {},
  folders = [],
  cores = 4,
  uid = 0,
  gid = 0,
}: FakeMachine = {}): Machine {
  return {
    readFile: (path) => files[path] ?? null,
    isFolder: (path) => folders.includes(path),
    exists: (path) => path in files || folders.includes(path),
    schedulableCores: () => cores,
    uid,
    gid,
  };
}

export function context(fake: FakeMachine = {}, cwd = '/srv/app'): ReadContext {
  return { machine: machine(fake), cwd };
}
