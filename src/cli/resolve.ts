import type { Predecessor } from '../arbiter/predecessor.ts';
import type { InheritedAddress } from '../arbiter/systemd-sockets.ts';
import { KirinError } from '../base/errors.ts';
import { parseAppSpec } from '../config/app-spec.ts';
import type { ParsedWords } from '../config/command-line.ts';
import type { FileSettings } from '../config/file-settings.ts';
import { pasteSettings } from '../config/paste-settings.ts';
import { type Resolved, resolveBeforeFile, resolveParsed } from '../config/resolve.ts';
import type {
  PasteApp,
  PythonChoice,
  ResolvedApp,
  ResolvedConfig,
  ServerHooks,
} from '../config/resolved-config.ts';
import type { Settings } from '../config/settings.ts';
import type { Environment } from '../config/sources.ts';
import { DEFAULT_APP, NO_FRONT } from '../protocol/supervision/front.ts';
import type { readConfigFile } from './config-file.ts';
import { findConfigFile, KIRIN_TOML } from './find-config-file.ts';
import { chooseInterpreter } from './interpreter.ts';
import { thisMachine } from './machine.ts';
import type { Program } from './program.ts';

/** How kirin was started: what every resolution, also a reload's, begins with. */
export interface Start {
  readonly program: Program;
  readonly argv: readonly string[];
  readonly commandLine: ParsedWords;
  readonly env: Environment;
  readonly cwd: string;
  /** Sockets that systemd has opened for this process. */
  readonly openedSockets: readonly InheritedAddress[];
  /** The Kirin that has started this one to take its place. */
  readonly predecessor: Predecessor | null;
}

export interface ResolvedStart extends Resolved {
  readonly file: FileSettings | null;
  /** Files that it was read from. */
  readonly sourceFiles: readonly string[];
  /** Where that is: an absolute path, or `python:MODULE`. */
  readonly location: string | null;
  readonly paste: PasteApp | null;
}

/**
 * The settings of every source. A configuration file is run for it.
 * @throws {KirinError}
 */
export async function resolveStart(start: Start, limitMs: number | null = null): Promise<ResolvedStart> {
  const { commandLine, env, cwd } = start;
  const input = { env, cwd, machine: thisMachine };
  const before = resolveBeforeFile(commandLine, input);
  const location = findConfigFile(before, cwd);
  const file = location === null ? null : await readFile(location, before, start, limitMs);
  const sourceFiles = location === null || location.startsWith('python:') ? [] : [location];
  const files = file === null ? [] : [file];
  const resolved = resolveParsed(commandLine, input, files);
  const { paste } = resolved.settings;
  if (paste === null) return { ...resolved, file, location, sourceFiles, paste };
  const { readPasteFile } = await import('./paste-file.ts');
  const { settings, sources } = resolved;
  const python = chooseInterpreter(settings.python, settings.chdir, env);
  const folder = sources.paste.endsWith('.toml') ? settings.chdir : cwd;
  const { app, report } = await readPasteFile({ ...settings, paste }, python.path, folder, env);
  const described = [pasteSettings(paste.file, app.file, report), ...files];
  return {
    ...resolveParsed(commandLine, input, described),
    file,
    location,
    sourceFiles: [...sourceFiles, app.file],
    paste: app,
  };
}

/** Most starts have no such file, and do without the code. */
async function readFile(...args: Parameters<typeof readConfigFile>): Promise<FileSettings> {
  const [location, { config, configSource, wsgi_app: app, paste }] = args;
  if (location.endsWith('.toml')) {
    const { readTomlFile } = await import('./toml-file.ts');
    const name = configSource === null ? KIRIN_TOML : config.replace(/^file:/, '');
    return readTomlFile(location, name, app !== null || paste !== null);
  }
  const { readConfigFile } = await import('./config-file.ts');
  return readConfigFile(...args);
}

/**
 * Everything that serving needs.
 * @throws {KirinError}
 */
export function configFrom(
  { settings, sources, apps, notices, file, location, sourceFiles, paste }: ResolvedStart,
  start: Start,
): ResolvedConfig {
  const pythonOf = (of: Settings) => chooseInterpreter(of.python, of.chdir, start.env);
  const first = isThere(settings, paste)
    ? [
        {
          name: DEFAULT_APP,
          settings,
          sources,
          app: appName(settings.wsgi_app, paste),
          paste,
          python: pythonOf(settings),
        },
      ]
    : [];
  const others = apps.map((app) => ({
    ...app,
    app: appName(app.settings.wsgi_app, null),
    paste: null,
    python: pythonOf(app.settings),
  }));
  const all: readonly ResolvedApp[] = [...first, ...others];
  return {
    settings,
    sources,
    notices,
    apps: all,
    python: wholePython(() => pythonOf(settings), all),
    environment: file?.environment ?? {},
    path: file?.path ?? { front: [], back: [] },
    sourceFiles,
    front: file?.front ?? NO_FRONT,
    sslContext: file?.sslContext ?? null,
    configFile: location === null ? null : { location, cwd: start.cwd, argv: [start.program, ...start.argv] },
    hooks: location === null || file === null ? null : serverHooks(location, file, start),
  };
}

function serverHooks(
  location: string,
  { hooks }: FileSettings,
  { program, argv, cwd }: Start,
): ServerHooks | null {
  return hooks.length === 0 ? null : { names: hooks, location, cwd, argv: [program, ...argv] };
}

/** Whether there is anything to serve: an application, or sites that need none. */
export function hasWork({ settings, paste, apps, file }: ResolvedStart): boolean {
  return isThere(settings, paste) || apps.length > 0 || (file?.front.sites.length ?? 0) > 0;
}

/** Whether the command line, or the top of the file, names an application. */
function isThere({ wsgi_app }: Settings, paste: PasteApp | null): boolean {
  return wsgi_app !== null || paste !== null;
}

/** What Kirin itself needs an interpreter for, which may be nothing, must not keep applications with their own from running. */
function wholePython(choose: () => PythonChoice, apps: readonly ResolvedApp[]): PythonChoice {
  if (apps.some(({ name }) => name === DEFAULT_APP)) return choose();
  try {
    return choose();
  } catch (error) {
    if (!(error instanceof KirinError)) throw error;
    return apps[0]?.python ?? { path: 'python3', reason: 'the python3 on PATH' };
  }
}

function appName(module: string | null, paste: PasteApp | null): string {
  if (paste !== null) return paste.app === null ? paste.file : `${paste.file}#${paste.app}`;
  if (module === null) throw new KirinError('app-missing', 'no APP_MODULE was given');
  return parseAppSpec(module).text;
}
