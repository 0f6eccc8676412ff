import { type ParsedWords, parseWords } from './command-line.ts';
import { ConfigError, type Problem } from './config-error.ts';
import type { Machine, ReadContext } from './machine.ts';
import { checkRules } from './rules.ts';
import { ValueProblem } from './setting.ts';
import { SETTING_NAMES, SETTINGS, type SettingName, type Settings } from './settings.ts';
import {
  COMMAND_LINE,
  type Environment,
  type Layer,
  readLayers,
  type SourceName,
  type Sources,
} from './sources.ts';

export interface ConfigInput {
  readonly argv: readonly string[];
  readonly env: Environment;
  readonly cwd: string;
  readonly machine: Machine;
}

/**
 * Settings from every source, weakest first: defaults, single variables, GUNICORN_CMD_ARGS, KIRIN_CMD_ARGS, command line.
 * @throws {ConfigError} with everything that is wrong
 */
export function resolveSettings(input: ConfigInput): { settings: Settings; sources: Sources } {
  return resolveParsed(parseWords(input.argv), input);
}

export function resolveParsed(
  commandLine: ParsedWords,
  input: Omit<ConfigInput, 'argv'>,
): { settings: Settings; sources: Sources } {
  const layers = readLayers(commandLine, input.env);
  const context = { machine: input.machine, cwd: input.cwd };
  const problems: Problem[] = layers.flatMap((layer) =>
    layer.problems.map((problem) => inSource(problem, layer)),
  );

  const values: Partial<Record<SettingName, unknown>> = {};
  const sources: Partial<Record<SettingName, SourceName>> = {};
  for (const name of SETTING_NAMES) {
    const layer = layers.findLast((candidate) => candidate.given.some((given) => given.name === name));
    sources[name] = layer?.source ?? 'default';
    values[name] = layer === undefined ? defaultOf(name, context) : readValue(name, layer, context, problems);
  }
  placeApp(layers, values, sources, problems);

  if (problems.length > 0) throw new ConfigError(problems);
  const settings = values as unknown as Settings;
  const broken = checkRules(settings, sources as Sources, input.machine);
  if (broken.length > 0) throw new ConfigError(broken);
  return { settings: withMountFromRawEnv(settings), sources: sources as Sources };
}

function defaultOf(name: SettingName, context: ReadContext): unknown {
  const value = SETTINGS[name].default;
  return typeof value === 'function' ? value(context) : value;
}

/** What a layer gives for a setting: the last of several values, or, where they add up, all of them. */
function readValue(name: SettingName, layer: Layer, context: ReadContext, problems: Problem[]): unknown {
  const { kind } = SETTINGS[name];
  let value: unknown;
  for (const { text, by } of layer.given.filter((given) => given.name === name)) {
    try {
      const parsed = kind.parse(text, context);
      value = value === undefined || kind.combine === undefined ? parsed : kind.combine(value, parsed);
    } catch (error) {
      if (!(error instanceof ValueProblem)) throw error;
      problems.push({
        fault: error.fault,
        message: valueMessage(name, text, by, layer.source, error.message),
      });
    }
  }
  return value;
}

function valueMessage(name: string, text: string, by: string, source: SourceName, complaint: string): string {
  const shown = text === '' ? "''" : `'${text}'`;
  if (by === source) return `${name} ${shown} (from the variable ${by}): ${complaint}`;
  return `${by} ${shown} (setting ${name}, from ${source}): ${complaint}`;
}

function inSource(problem: string, layer: Layer): Problem {
  const message = layer.source === COMMAND_LINE ? problem : `${layer.source}: ${problem}`;
  return { fault: 'form', message };
}

/** APP_MODULE is the one positional argument; the strongest layer that has one wins. */
function placeApp(
  layers: readonly Layer[],
  values: Partial<Record<SettingName, unknown>>,
  sources: Partial<Record<SettingName, SourceName>>,
  problems: Problem[],
): void {
  const layer = layers.findLast((candidate) => candidate.positionals.length > 0);
  if (layer === undefined) return;
  const [app, ...more] = layer.positionals;
  // After a misspelt flag its value looks like an argument: one complaint is enough.
  if (more.length > 0 && layer.problems.length === 0) {
    const extra = more.map((word) => `'${word}'`).join(', ');
    problems.push(inSource(`one APP_MODULE is expected: after '${app}' there is also ${extra}`, layer));
  }
  values.wsgi_app = app;
  sources.wsgi_app = layer.source;
}

/** `-e SCRIPT_NAME=/app` mounts the application as the variable itself does. */
function withMountFromRawEnv(settings: Settings): Settings {
  const pair = settings.raw_env.findLast((entry) => entry.startsWith('SCRIPT_NAME='));
  if (pair === undefined) return settings;
  return { ...settings, script_name: pair.slice('SCRIPT_NAME='.length).replace(/\/$/, '') };
}
