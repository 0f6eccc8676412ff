// Where values come from. One layer for each source; a stronger layer's value replaces a weaker one's.

import { type Given, type ParsedWords, parseWords } from './command-line.ts';
import type { Problem } from './config-error.ts';
import { SETTING_NAMES, SETTINGS, type SettingName } from './settings.ts';
import { splitShellWords } from './shell-words.ts';

/** For people: `the command line`, `GUNICORN_CMD_ARGS`, `WEB_CONCURRENCY`; `default` when nothing set it. */
export type SourceName = string;

/** Which source each setting's value came from. */
export type Sources = Readonly<Record<SettingName, SourceName>>;

export interface Layer {
  readonly source: SourceName;
  readonly given: readonly Given[];
  readonly positionals: readonly string[];
  readonly problems: readonly Problem[];
}

export type Environment = Readonly<Record<string, string | undefined>>;

const COMMAND_LINE: SourceName = 'the command line';

/** Weakest first, as in Gunicorn. */
export function readLayers(commandLine: ParsedWords, env: Environment, files: readonly Layer[]): Layer[] {
  return [...variableLayers(env), ...files, ...wordLayers(commandLine, env)];
}

/** The sources that are stronger than a configuration file, and may name one. */
export function wordLayers(commandLine: ParsedWords, env: Environment): Layer[] {
  return [
    ...argumentsLayer('GUNICORN_CMD_ARGS', env),
    ...argumentsLayer('KIRIN_CMD_ARGS', env),
    wordLayer(COMMAND_LINE, commandLine),
  ];
}

/** Variables that each set one setting. An empty one counts as absent: that is how shells and compose files clear them. */
function variableLayers(env: Environment): Layer[] {
  return SETTING_NAMES.flatMap((name) => {
    const { environment } = SETTINGS[name];
    const raw = environment === undefined ? undefined : env[environment.variable];
    if (environment === undefined || raw === undefined || raw.trim() === '') return [];
    const text = environment.toValue?.(raw.trim()) ?? raw;
    const given = [{ name, text, by: environment.variable }];
    return [{ source: environment.variable, given, positionals: [], problems: [] }];
  });
}

function argumentsLayer(variable: string, env: Environment): Layer[] {
  const raw = env[variable];
  if (raw === undefined || raw.trim() === '') return [];
  try {
    return [wordLayer(variable, parseWords(splitShellWords(raw)))];
  } catch (error) {
    const problem = wordProblem(`its value ${(error as Error).message}`, variable);
    return [{ source: variable, given: [], positionals: [], problems: [problem] }];
  }
}

function wordLayer(source: SourceName, { given, positionals, problems }: ParsedWords): Layer {
  return { source, given, positionals, problems: problems.map((problem) => wordProblem(problem, source)) };
}

/** Something that argparse would refuse. */
export function wordProblem(problem: string, source: SourceName): Problem {
  return { fault: 'form', message: source === COMMAND_LINE ? problem : `${source}: ${problem}` };
}
