import type { FrontSpec } from '../protocol/supervision/front.ts';
import type { AddedFolders } from './file-settings.ts';
import type { Notice } from './notices.ts';
import type { ServerHook } from './server-hooks.ts';
import type { Settings } from './settings.ts';
import type { Sources } from './sources.ts';
import type { SslContextReport } from './ssl-context.ts';

/** The interpreter that was chosen, and why: a phrase such as `from the active virtual environment`. */
export interface PythonChoice {
  /** Absolute, and not resolved through symbolic links: a virtual environment's python is one, and must be called by its own name. */
  readonly path: string;
  readonly reason: string;
}

/** The server hooks that are to be run, and how the file that defines them is run. */
export interface ServerHooks {
  readonly names: readonly ServerHook[];
  /** Absolute path, or `python:MODULE`. */
  readonly location: string;
  readonly cwd: string;
  readonly argv: readonly string[];
}

/** What --paste names. */
export interface PasteApp {
  /** Absolute. */
  readonly file: string;
  /** The name of its section; null: main. */
  readonly app: string | null;
  readonly globals: Readonly<Record<string, string>>;
}

/** One application, with the settings that hold for it. */
export interface ResolvedApp {
  /** As kirin.toml calls it; `default`: the one that is named at the top of the file, or by APP_MODULE. */
  readonly name: string;
  readonly settings: Settings;
  readonly sources: Sources;
  /** APP_MODULE as the user typed it, or the PasteDeploy file. */
  readonly app: string;
  readonly paste: PasteApp | null;
  readonly python: PythonChoice;
}

/** Everything that the arbiter needs to know about what the user wants. */
export interface ResolvedConfig {
  /** What holds for the whole, and for applications that say nothing else. */
  readonly settings: Settings;
  readonly sources: Sources;
  readonly apps: readonly ResolvedApp[];
  /** For what belongs to no application. */
  readonly python: PythonChoice;
  /** Variables of the environment that the configuration file has set, or (null) removed: the app sees them so. */
  readonly environment: Readonly<Record<string, string | null>>;
  readonly path: AddedFolders;
  /** Files that the configuration was read from. */
  readonly sourceFiles: readonly string[];
  readonly front: FrontSpec;
  /** What the configuration file's `ssl_context` wants. */
  readonly sslContext: SslContextReport | null;
  /** How the configuration file is run; null: there is none. */
  readonly configFile: Pick<ServerHooks, 'location' | 'cwd' | 'argv'> | null;
  /** null: there is no configuration file that defines one. */
  readonly hooks: ServerHooks | null;
  /** What is said once, at the start. */
  readonly notices: readonly Notice[];
}
