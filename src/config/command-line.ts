// Reads words as argparse, and so Gunicorn, does: options before and after the application, --flag=value, --flag value, -w4,
// -w 4, -Dw4, unambiguous beginnings of long flags, and -- to end the options.

import { type CommandSwitch, findLong, findShort, type Option, suggestFlag } from './flags.ts';
import type { FileValue } from './setting.ts';
import { SETTINGS, type SettingName } from './settings.ts';

/** What one source gives for a setting, with the flag, the variable or the file that it came by. */
export interface Given {
  readonly name: SettingName;
  /** As it is written; of a value of a configuration file, what Python's repr says. */
  readonly text: string;
  readonly by: string;
  /** Of a configuration file alone. */
  readonly value?: FileValue;
  /** Where in its file a TOML value stands: `kirin.toml:3:1`. */
  readonly place?: string;
  /** Absolute: what is relative in it is so to this folder. */
  readonly folder?: string;
}

export interface ParsedWords {
  readonly given: readonly Given[];
  readonly switches: ReadonlySet<CommandSwitch>;
  readonly positionals: readonly string[];
  /** Sentences without a full stop, each about one word. */
  readonly problems: readonly string[];
}

export function parseWords(words: readonly string[]): ParsedWords {
  const given: Given[] = [];
  const switches = new Set<CommandSwitch>();
  const positionals: string[] = [];
  const problems: string[] = [];

  let position = 0;
  while (position < words.length) {
    const word = words[position++] as string;
    if (word === '--') {
      positionals.push(...words.slice(position));
      break;
    }
    if (!looksLikeFlag(word)) positionals.push(word);
    else if (word.startsWith('--')) readLong(word);
    else readShorts(word);
  }
  return { given, switches, positionals, problems };

  function readLong(word: string): void {
    const [flag, attached] = splitOnce(word, '=');
    const found = findLong(flag);
    if ('candidates' in found) problems.push(unknownFlag(flag, found.candidates));
    else accept(found, flag, attached);
  }

  /** `-w4`, `-w=4`, or several switches and then one that takes a value: `-Dw4`. */
  function readShorts(word: string): void {
    let rest = word.slice(1);
    while (rest !== '') {
      const flag = `-${rest[0]}`;
      const option = findShort(flag);
      rest = rest.slice(1);
      if (option === undefined) {
        problems.push(unknownFlag(word === flag ? flag : `${flag} (in ${word})`, []));
        return;
      }
      if (option.takesValue || rest.startsWith('=')) {
        accept(option, flag, rest === '' ? null : rest.replace(/^=/, ''));
        return;
      }
      accept(option, flag, null);
    }
  }

  function accept(option: Option, flag: string, attached: string | null): void {
    if (!option.takesValue) {
      if (attached !== null) problems.push(`${flag} takes no value, but was given '${attached}'`);
      else if (option.kind === 'switch') switches.add(option.name);
      else given.push({ name: option.name, text: 'true', by: flag });
      return;
    }
    const value = attached ?? (option.kind === 'setting' ? valueFor(option.name) : nextValue());
    if (value === null) problems.push(`${flag} needs a value`);
    else if (option.kind === 'setting') given.push({ name: option.name, text: value, by: flag });
  }

  function valueFor(name: SettingName): string | null {
    const { bare } = SETTINGS[name].kind;
    if (bare === undefined) return nextValue();
    const next = words[position];
    return next !== undefined && bare.isValue(next) ? nextValue() : bare.value;
  }

  function nextValue(): string | null {
    const next = words[position];
    if (next === undefined || next === '--' || looksLikeFlag(next)) return null;
    position++;
    return next;
  }
}

/** `-` is a file, `-1` a number, and what holds a space a text: none of them is a flag. */
function looksLikeFlag(word: string): boolean {
  if (!word.startsWith('-') || word === '-') return false;
  if (/^-\d+$|^-\d*\.\d+$/.test(word)) return false;
  const [flag] = splitOnce(word, '=');
  return !flag.includes(' ');
}

function unknownFlag(flag: string, candidates: readonly string[]): string {
  if (candidates.length > 0) return `${flag} is ambiguous: it could be ${candidates.join(', ')}`;
  const meant = flag.startsWith('--') ? suggestFlag(flag) : null;
  return `no such option: ${flag}${meant === null ? '' : `; did you mean ${meant}?`}`;
}

function splitOnce(text: string, separator: string): [string, string | null] {
  const at = text.indexOf(separator);
  return at === -1 ? [text, null] : [text.slice(0, at), text.slice(at + separator.length)];
}
