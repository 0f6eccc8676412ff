import { type Given, type ParsedWords, parseWords } from './command-line.ts';
import { ConfigError, type Problem } from './config-error.ts';
import { type AppLayer, type FileSettings, fileLayer, PYTHON, readFileValue, TOML } from './file-settings.ts';
import type { Machine, ReadContext } from './machine.ts';
import { http2Notices, type Notice, settingNotices, siteFileNotices, staticFilesNotices } from './notices.ts';
import { refusal } from './refusals.ts';
import { checkRules } from './rules.ts';
import { ValueProblem } from './setting.ts';
import { SETTING_NAMES, SETTINGS, type SettingName, type Settings } from './settings.ts';
import {
  type Environment,
  type Layer,
  readLayers,
  type SourceName,
  type Sources,
  wordLayers,
  wordProblem,
} from './sources.ts';

export interface ConfigInput {
  readonly argv: readonly string[];
  readonly env: Environment;
  readonly cwd: string;
  readonly machine: Machine;
}

/** An application that a kirin.toml describes in a table of its own. */
export interface ResolvedAppSettings {
  readonly name: string;
  readonly settings: Settings;
  readonly sources: Sources;
}

export interface Resolved {
  /** What holds for the whole, for the application at the top of the file, and for others that say nothing else. */
  readonly settings: Settings;
  readonly sources: Sources;
  readonly apps: readonly ResolvedAppSettings[];
  /** What is said once, at the start. */
  readonly notices: readonly Notice[];
}

type Values = Partial<Record<SettingName, unknown>>;

/**
 * Settings from every source, weakest first: defaults, single variables, the PasteDeploy file, the configuration file,
 * GUNICORN_CMD_ARGS, KIRIN_CMD_ARGS, command line.
 * @throws {ConfigError} with everything that is wrong
 */
export function resolveSettings(input: ConfigInput, file: FileSettings | null = null): Resolved {
  return resolveParsed(parseWords(input.argv), input, file === null ? [] : [file]);
}

export function resolveParsed(
  commandLine: ParsedWords,
  input: Omit<ConfigInput, 'argv'>,
  files: readonly FileSettings[],
): Resolved {
  const layers = readLayers(commandLine, input.env, files.map(fileLayer));
  const { values, sources, problems } = readValues(layers, contextOf(input));
  placeApp(layers, values, sources, problems);
  const whole = { settings: values as unknown as Settings, sources: sources as Sources };
  const described = files.flatMap((file) => file.apps.map((app) => readApp(app, commandLine, input, files)));
  problems.push(...described.flatMap((app) => app.problems));
  if (problems.length > 0) throw new ConfigError(withoutRepeats(problems));

  const apps = described.map(({ name, settings, sources: own }) => ({ name, settings, sources: own }));
  // What is at the top is only what others begin with.
  const isShared = apps.length > 0 && whole.settings.wsgi_app === null;
  const checked = isShared ? apps : [whole, ...apps];
  const broken = checked.flatMap((each) => checkRules(each.settings, each.sources, input.machine));
  if (broken.length > 0) throw new ConfigError(withoutRepeats(broken));
  const sites = files.flatMap(({ front }) => front.sites);
  const notices = [
    ...[whole, ...apps].flatMap((each) => settingNotices(each.settings, each.sources)),
    ...staticFilesNotices(whole.settings, input.machine),
    ...siteFileNotices(sites, input.machine),
    ...http2Notices(whole.settings, whole.sources, sites),
    ...files.flatMap((file) => file.notices),
  ];
  return {
    settings: withMountFromRawEnv(whole.settings),
    sources: whole.sources,
    apps: apps.map((app) => ({ ...app, settings: withMountFromRawEnv(app.settings) })),
    notices: withoutRepeats(notices),
  };
}

/** What the command line says is stronger than what a file says, for every application. */
function readApp(
  { name, source, given }: AppLayer,
  commandLine: ParsedWords,
  input: Omit<ConfigInput, 'argv'>,
  files: readonly FileSettings[],
): ResolvedAppSettings & { readonly problems: readonly Problem[] } {
  const own: Layer = { source, given, positionals: [], problems: [] };
  const layers = readLayers(commandLine, input.env, [...files.map(fileLayer), own]);
  const { values, sources, problems } = readValues(layers, contextOf(input));
  return { name, settings: values as unknown as Settings, sources: sources as Sources, problems };
}

/** What is wrong with, or to be known of, all applications is said once. */
function withoutRepeats<T extends { readonly message: string }>(said: readonly T[]): T[] {
  return [...new Map(said.map((each) => [each.message, each])).values()];
}

/** Which configuration file to read, and with which interpreter: what the sources that are stronger than it say. */
export type BeforeFile = Pick<Settings, 'config' | 'python' | 'chdir' | 'wsgi_app' | 'paste'> & {
  /** null: nobody named one. */
  readonly configSource: SourceName | null;
  /** What they say about TLS, for the file's `ssl_context`: under Gunicorn's names, what was not said left out. */
  readonly tls: Readonly<Record<string, unknown>>;
};

/** What an `ssl_context` is asked about, and where its files are. */
const OF_SSL_CONTEXT = [
  'certfile',
  'keyfile',
  'ca_certs',
  'cert_reqs',
  'ciphers',
  'http_protocols',
  'chdir',
] as const;

/** @throws {ConfigError} with everything that is wrong in those sources: then no file is read at all */
export function resolveBeforeFile(commandLine: ParsedWords, input: Omit<ConfigInput, 'argv'>): BeforeFile {
  const layers = wordLayers(commandLine, input.env);
  const { values, sources, problems } = readValues(layers, contextOf(input));
  placeApp(layers, values, sources, problems);
  if (problems.length > 0) throw new ConfigError(problems);
  const { config, python, chdir, wsgi_app, paste } = values as unknown as Settings;
  const source = sources.config as SourceName;
  const said = OF_SSL_CONTEXT.filter((name) => sources[name] !== 'default');
  return {
    config,
    python,
    chdir,
    wsgi_app,
    paste,
    configSource: source === 'default' ? null : source,
    tls: Object.fromEntries(said.map((name) => [name, values[name]])),
  };
}

const contextOf = ({ machine, cwd }: Pick<ConfigInput, 'machine' | 'cwd'>): ReadContext => ({ machine, cwd });

function readValues(layers: readonly Layer[], context: ReadContext) {
  const problems: Problem[] = layers.flatMap((layer) => layer.problems);
  const values: Values = {};
  const sources: Partial<Record<SettingName, SourceName>> = {};
  for (const name of SETTING_NAMES) {
    const layer = layerOf(name, layers);
    sources[name] = layer?.source ?? 'default';
    values[name] = layer === undefined ? defaultOf(name, context) : readValue(name, layer, context, problems);
  }
  problems.push(...refusals(layers, values));
  return { values, sources, problems };
}

function* refusals(layers: readonly Layer[], values: Values): Generator<Problem> {
  for (const name of SETTING_NAMES) {
    const complaint = refusal(name, values);
    const layer = complaint === null ? undefined : layerOf(name, layers);
    const given = layer?.given.findLast((each) => each.name === name);
    if (complaint === null || layer === undefined || given === undefined) continue;
    yield { fault: 'meaning', message: valueMessage(given, layer.source, complaint) };
  }
}

/** The strongest layer that gives the setting. */
function layerOf(name: SettingName, layers: readonly Layer[]): Layer | undefined {
  return layers.findLast(({ given }) => given.some((each) => each.name === name));
}

function defaultOf(name: SettingName, context: ReadContext): unknown {
  const value = SETTINGS[name].default;
  return typeof value === 'function' ? value(context) : value;
}

/** What a layer gives for a setting: the last of several values, or, where they add up, all of them. */
function readValue(name: SettingName, layer: Layer, context: ReadContext, problems: Problem[]): unknown {
  const { kind } = SETTINGS[name];
  let value: unknown;
  for (const given of layer.given.filter((each) => each.name === name)) {
    try {
      const parsed = readGiven(
        given,
        given.folder === undefined ? context : { ...context, cwd: given.folder },
      );
      value = value === undefined || kind.combine === undefined ? parsed : kind.combine(value, parsed);
    } catch (error) {
      if (!(error instanceof ValueProblem)) throw error;
      // argparse never sees what a file holds: exit code 1, as for all that Gunicorn finds wrong there.
      const fault = given.value === undefined ? error.fault : 'meaning';
      problems.push({ fault, message: valueMessage(given, layer.source, error.message) });
    }
  }
  return value;
}

function readGiven(given: Given, context: ReadContext): unknown {
  const { name, text, value, place } = given;
  if (value === undefined) return SETTINGS[name].kind.parse(text, context);
  return readFileValue(name, value, context, place === undefined ? PYTHON : TOML);
}

function valueMessage(given: Given, source: SourceName, complaint: string): string {
  const { name, text, by, value, place } = given;
  if (place !== undefined) return `${place}: ${name} = ${text}: ${complaint}`;
  if (value !== undefined) return `${name} = ${text} (in ${by}): ${complaint}`;
  if (SETTINGS[name].kind.metavar === null) return `${by} (setting ${name}, from ${source}): ${complaint}`;
  const shown = text === '' ? "''" : `'${text}'`;
  if (by === source) return `${name} ${shown} (from the variable ${by}): ${complaint}`;
  return `${by} ${shown} (setting ${name}, from ${source}): ${complaint}`;
}

/** APP_MODULE is the one positional argument; the strongest layer that has one wins. */
function placeApp(
  layers: readonly Layer[],
  values: Values,
  sources: Partial<Record<SettingName, SourceName>>,
  problems: Problem[],
): void {
  const layer = layers.findLast((candidate) => candidate.positionals.length > 0);
  if (layer === undefined) return;
  const [app, ...more] = layer.positionals;
  // After a misspelt flag its value looks like an argument: one complaint is enough.
  if (more.length > 0 && layer.problems.length === 0) {
    const extra = more.map((word) => `'${word}'`).join(', ');
    const message = `one APP_MODULE is expected: after '${app}' there is also ${extra}`;
    problems.push(wordProblem(message, layer.source));
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
