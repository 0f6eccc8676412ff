import type { ShownValue } from '../config/setting.ts';
import { SETTING_NAMES, SETTINGS, type SettingName, type Settings } from '../config/settings.ts';
import type { Sources } from '../config/sources.ts';

/** Every setting as resolved, for people or, as JSON with where each value came from, for programs. */
export function configText(settings: Settings, sources: Sources, { asJson }: { asJson: boolean }): string {
  const names = [...SETTING_NAMES].sort();
  if (asJson) {
    const entries = names.map((name) => [name, { value: shown(name, settings), source: sources[name] }]);
    return `${JSON.stringify(Object.fromEntries(entries), null, 2)}\n`;
  }
  const width = Math.max(...names.map((name) => name.length));
  return names.map((name) => `${name.padEnd(width)} = ${inPython(shown(name, settings))}\n`).join('');
}

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
