import { join } from 'node:path';

export interface DataFolderInput {
  readonly env: NodeJS.ProcessEnv;
  /** The user's own folder. */
  readonly home: string;
  readonly platform: NodeJS.Platform;
}

/** Where this user's programs keep what they need again: XDG's base directories, or macOS's. */
export function dataFolder({ env, home, platform }: DataFolderInput): string {
  // XDG: a relative path in it does not count.
  const named = env.XDG_DATA_HOME?.startsWith('/') ? env.XDG_DATA_HOME : null;
  const usual = platform === 'darwin' ? ['Library', 'Application Support'] : ['.local', 'share'];
  return join(named ?? join(home, ...usual), 'kirin');
}
