// What a word on the command line may stand for.

import { nearest } from '../base/edit-distance.ts';
import { SETTING_NAMES, SETTINGS, type SettingName } from './settings.ts';

/** Options that are about the command, not about the server. */
export const COMMAND_SWITCHES = {
  help: { flags: ['-h', '--help'], help: 'Show the common options and exit', common: true },
  all: { flags: ['--help-all', '--all'], help: 'Show every option and exit', common: true },
  version: { flags: ['-v', '--version'], help: 'Show the version and exit', common: true },
  json: {
    flags: ['--json'],
    help: 'With --print-config: as JSON, and where each value is from',
    common: false,
  },
  schema: { flags: ['--schema'], help: 'Print the JSON Schema of kirin.toml and exit', common: false },
} as const satisfies Record<string, { flags: readonly string[]; help: string; common: boolean }>;

export type CommandSwitch = keyof typeof COMMAND_SWITCHES;

export type Option =
  | { readonly kind: 'setting'; readonly name: SettingName; readonly takesValue: boolean }
  | { readonly kind: 'switch'; readonly name: CommandSwitch; readonly takesValue: false };

const options = new Map<string, Option>();

for (const name of SETTING_NAMES) {
  const row = SETTINGS[name];
  const option = { kind: 'setting', name, takesValue: row.kind.metavar !== null } as const;
  for (const flag of row.flags) options.set(normalise(flag), option);
}
for (const name of Object.keys(COMMAND_SWITCHES) as CommandSwitch[]) {
  for (const flag of COMMAND_SWITCHES[name].flags)
    options.set(flag, { kind: 'switch', name, takesValue: false });
}

/** Gunicorn spells --limit-request-field_size with an underscore; nobody should have to know which flag does. */
function normalise(flag: string): string {
  return flag.startsWith('--') ? flag.replaceAll('_', '-') : flag;
}

/** The option of a short flag such as `-w`. */
export function findShort(flag: string): Option | undefined {
  return options.get(flag);
}

/** The option of a long flag, which may be cut short as long as it stays unambiguous; or what it may have meant. */
export function findLong(given: string): Option | { readonly candidates: readonly string[] } {
  const flag = normalise(given);
  const exact = options.get(flag);
  if (exact !== undefined) return exact;
  const candidates = [...options.keys()].filter((known) => known.startsWith(flag));
  const meant = new Set(candidates.map((known) => options.get(known) as Option));
  if (meant.size === 1) return [...meant][0] as Option;
  return { candidates };
}

/** The known long flag that is nearest to a misspelt one. */
export function suggestFlag(given: string): string | null {
  const flag = normalise(given.split('=', 1)[0] as string);
  return nearest(
    flag,
    [...options.keys()].filter((known) => known.startsWith('--')),
  );
}
