// `cfg` of server hooks: the settings as Gunicorn's own code would have them.

import { SETTING_NAMES, SETTINGS, type SettingName, type Settings } from './settings.ts';

/** Values whose form differs from Gunicorn's. */
const OTHER_FORMS: { readonly [N in SettingName]?: (value: Settings[N], settings: Settings) => unknown } = {
  bind: (addresses) => addresses.map(({ text }) => text),
  workers: ({ min }) => min,
  secure_scheme_headers: (pairs) => Object.fromEntries(pairs),
  pythonpath: (folders) => (folders.length === 0 ? null : folders.join(',')),
  http_protocols: (names) => String(names).split(','),
  default_proc_name: (name, { wsgi_app }) => wsgi_app ?? name,
};

/** Every setting, as JSON. */
export function hookSettings(settings: Settings): Record<string, unknown> {
  return Object.fromEntries(SETTING_NAMES.map((name) => [name, inGunicornsForm(name, settings)]));
}

function inGunicornsForm(name: SettingName, settings: Settings): unknown {
  const value: unknown = settings[name];
  const other = OTHER_FORMS[name] as ((value: unknown, settings: Settings) => unknown) | undefined;
  if (other !== undefined) return other(value, settings);
  if (value === null || value === undefined) return null;
  const isPlain = typeof value !== 'object' || isListOfTexts(value) || isRecord(value);
  return isPlain ? value : SETTINGS[name].kind.show(value);
}

const isListOfTexts = (value: object): boolean =>
  Array.isArray(value) && value.every((item) => typeof item === 'string');

const isRecord = (value: object): boolean => Object.getPrototypeOf(value) === Object.prototype;
