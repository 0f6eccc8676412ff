import { isDeepStrictEqual } from 'node:util';
import type { ResolvedAppSettings } from '../config/resolve.ts';
import type { ShownValue } from '../config/setting.ts';
import { SETTING_NAMES, SETTINGS, type SettingName, type Settings } from '../config/settings.ts';
import type { Sources } from '../config/sources.ts';

/** How the settings are printed: as Gunicorn does, the same with where each value came from, or both as JSON. */
export type ConfigForm = 'plain' | 'sources' | 'json';

interface Printed {
  readonly settings: Settings;
  readonly sources: Sources;
  /** Those that have settings of their own. */
  readonly apps: readonly ResolvedAppSettings[];
}

/** Every setting as resolved; of applications, what is different. */
export function configText({ settings, sources, apps }: Printed, form: ConfigForm): string {
  const names = [...SETTING_NAMES].sort();
  const own = apps.map((app) => ({
    app,
    names: names.filter((name) => !isDeepStrictEqual(app.settings[name], settings[name])),
  }));
  if (form === 'json') {
    const described = own.map(({ app, names }) => [app.name, asJson(names, app)]);
    const added = apps.length === 0 ? {} : { apps: Object.fromEntries(described) };
    return `${JSON.stringify({ ...asJson(names, { settings, sources }), ...added }, null, 2)}\n`;
  }
  const tables = own.map(({ app, names }) => `\n[apps.${app.name}]\n${lines(names, app, form)}`);
  return [lines(names, { settings, sources }, form), ...tables].join('');
}

type Resolution = Pick<Printed, 'settings' | 'sources'>;

function asJson(names: readonly SettingName[], { settings, sources }: Resolution) {
  return Object.fromEntries(
    names.map((name) => [name, { value: shown(name, settings), source: sources[name] }]),
  );
}

function lines(names: readonly SettingName[], { settings, sources }: Resolution, form: ConfigForm): string {
  const width = Math.max(...names.map((name) => name.length));
  const source = (name: SettingName) =>
    form === 'plain' || sources[name] === 'default' ? '' : `  # from ${sources[name]}`;
  return names
    .map((name) => `${name.padEnd(width)} = ${inPython(shown(name, settings))}${source(name)}\n`)
    .join('');
}

/** What was set at all, each with where; of an application, what has another source than the whole. */
export function whatWasSet(settings: Settings, sources: Sources, whole: Sources | null = null): string[] {
  return SETTING_NAMES.filter(
    (name) =>
      sources[name] !== 'default' && sources[name] !== whole?.[name] && !ABOUT_THE_COMMAND.includes(name),
  ).map((name) => `${name} = ${inPython(shown(name, settings))}, from ${sources[name]}`);
}

const ABOUT_THE_COMMAND: readonly SettingName[] = ['wsgi_app', 'check_config', 'print_config'];

function shown(name: SettingName, settings: Settings): ShownValue | null {
  const value: unknown = settings[name];
  return value === null || value === undefined ? null : SETTINGS[name].kind.show(value);
}

/** As Python's print shows it: scripts that read Gunicorn's --print-config can read this. */
function inPython(value: ShownValue | null): string {
  if (value === null) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (typeof value === 'object') return `[${value.map(pythonString).join(', ')}]`;
  return String(value);
}

function pythonString(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  const escaped = text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
  return `${quote}${quote === "'" ? escaped.replaceAll("'", "\\'") : escaped}${quote}`;
}
