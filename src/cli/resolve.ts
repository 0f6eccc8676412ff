import { KirinError } from '../base/errors.ts';
import { parseAppSpec } from '../config/app-spec.ts';
import type { ParsedWords } from '../config/command-line.ts';
import { resolveParsed } from '../config/resolve.ts';
import type { ResolvedConfig } from '../config/resolved-config.ts';
import type { Environment } from '../config/sources.ts';
import { chooseInterpreter } from './interpreter.ts';
import { thisMachine } from './machine.ts';

/** Where kirin was started: what every later resolution, such as a reload's, starts from again. */
export interface Start {
  readonly commandLine: ParsedWords;
  readonly env: Environment;
  readonly cwd: string;
}

/**
 * Everything that serving needs.
 * @throws {KirinError}
 */
export function resolveConfig({ commandLine, env, cwd }: Start): ResolvedConfig {
  const { settings, sources } = resolveParsed(commandLine, { env, cwd, machine: thisMachine });
  if (settings.wsgi_app === null) throw new KirinError('app-missing', 'no APP_MODULE was given');
  const app = parseAppSpec(settings.wsgi_app).text;
  return { settings, sources, app, python: chooseInterpreter(settings.python, settings.chdir, env) };
}
