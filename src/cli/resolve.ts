import { KirinError } from '../base/errors.ts';
import { parseAppSpec } from '../config/app-spec.ts';
import type { ParsedWords } from '../config/command-line.ts';
import { resolveParsed } from '../config/resolve.ts';
import type { ResolvedConfig } from '../config/resolved-config.ts';
import type { Settings } from '../config/settings.ts';
import type { Environment, Sources } from '../config/sources.ts';
import { chooseInterpreter } from './interpreter.ts';
import { thisMachine } from './machine.ts';

/** How kirin was started: what every resolution, also a reload's, begins with. */
export interface Start {
  readonly argv: readonly string[];
  readonly commandLine: ParsedWords;
  readonly env: Environment;
  readonly cwd: string;
}

/** @throws {ConfigError} */
export function resolveStart({ commandLine, env, cwd }: Start): { settings: Settings; sources: Sources } {
  return resolveParsed(commandLine, { env, cwd, machine: thisMachine });
}

/**
 * Everything that serving needs.
 * @throws {KirinError}
 */
export function resolveConfig(start: Start): ResolvedConfig {
  const { settings, sources } = resolveStart(start);
  if (settings.wsgi_app === null) throw new KirinError('app-missing', 'no APP_MODULE was given');
  const app = parseAppSpec(settings.wsgi_app).text;
  return { settings, sources, app, python: chooseInterpreter(settings.python, settings.chdir, start.env) };
}
