// --help and --help-all, written from the settings table.

import { defaultText, flagForms } from '../config/describe.ts';
import { COMMAND_SWITCHES } from '../config/flags.ts';
import { OFFERED_SECTIONS, SECTIONS, SETTINGS, type SettingName } from '../config/settings.ts';
import { COMMANDS } from './commands.ts';

const WIDTH = 80;

const INTRODUCTION = `usage: kirin [OPTIONS] [APP_MODULE]
       kirin ${Object.keys(COMMANDS).join(' | ')} [--help]
APP_MODULE is module:attribute, module, or a factory: 'hello:create_app()'.
`;

const VARIABLES = `Options are also read from the variables GUNICORN_CMD_ARGS and KIRIN_CMD_ARGS;
PORT, WEB_CONCURRENCY, FORWARDED_ALLOW_IPS and SCRIPT_NAME each set one value.
`;

/** What most people need, one line for each option, on one screen of 80 by 24. */
export function shortHelp(): string {
  const column = 28;
  const names = OFFERED_SECTIONS.flatMap((section) => section.names).filter((name) => SETTINGS[name].common);
  const options = names.map((name) => {
    const right = helpWithDefault(name);
    // A default that does not fit is left to the whole help.
    return twoColumns(
      shortLeftText(name),
      right.length <= WIDTH - column ? right : SETTINGS[name].help,
      column,
    );
  });
  const switches = Object.values(COMMAND_SWITCHES).filter(({ common }) => common);
  return `${INTRODUCTION}\n${options.join('')}${switches.map((row) => switchText(row, column)).join('')}`;
}

/** Every option, by section. */
export function wholeHelp(): string {
  const column = 33;
  const sections = OFFERED_SECTIONS.map(({ title, names }) => {
    const options = names.filter((name) => SETTINGS[name].flags.length > 0);
    return `${title}:\n${options.map((name) => twoColumns(leftText(name), helpWithDefault(name), column)).join('')}`;
  });
  const switches = Object.values(COMMAND_SWITCHES).map((row) => switchText(row, column));
  const commands = Object.entries(COMMANDS).map(([name, { summary }]) => twoColumns(name, summary, column));
  return [
    INTRODUCTION,
    `Commands, in the place of options and APP_MODULE:\n${commands.join('')}`,
    ...sections,
    `Command:\n${switches.join('')}`,
    VARIABLES,
  ].join('\n');
}

/** As argparse shapes Gunicorn's: every option, in one list, each spelling with its placeholder. */
export function gunicornHelp(): string {
  const column = 24;
  const options = SECTIONS.flatMap(({ names }) => names)
    .filter((name) => SETTINGS[name].flags.length > 0)
    .map((name) => twoColumns(flagForms(name).join(', '), argparseText(name), column));
  const switches = Object.values(COMMAND_SWITCHES).map((row) => switchText(row, column));
  return `usage: gunicorn [OPTIONS] [APP_MODULE]\n\noptions:\n${[...switches, ...options].join('')}`;
}

function argparseText(name: SettingName): string {
  const { refused, without } = SETTINGS[name];
  if (without !== undefined) return `${helpWithDefault(name)} (no effect: ${without})`;
  return refused === undefined ? helpWithDefault(name) : `${helpWithDefault(name)} (${refused})`;
}

/** Without second long spellings. */
function shortLeftText(name: SettingName): string {
  const [first = '', second] = flagForms(name);
  return first.startsWith('--') || second === undefined ? first : `${first.split(' ', 1)[0]}, ${second}`;
}

/** `-b, --bind ADDRESS`: the placeholder once. */
function leftText(name: SettingName): string {
  const [first = '', ...more] = flagForms(name).reverse();
  return [...more.map((form) => form.split(' ', 1)[0]).reverse(), first].join(', ');
}

function helpWithDefault(name: SettingName): string {
  const value = defaultText(name);
  return value === null ? SETTINGS[name].help : `${SETTINGS[name].help} [${value}]`;
}

function switchText({ flags, help }: { flags: readonly string[]; help: string }, column: number): string {
  return twoColumns(flags.join(', '), help, column);
}

function twoColumns(left: string, right: string, column: number): string {
  const lines = wrap(right, WIDTH - column);
  const first = `  ${left}`;
  // A flag that is too long for its column has a line of its own.
  if (first.length >= column) lines.unshift('');
  return lines
    .map((line, index) => ((index === 0 ? first.padEnd(column) : ' '.repeat(column)) + line).trimEnd())
    .map((line) => `${line}\n`)
    .join('');
}

/** Breaks text between words into lines of at most `width` characters; a longer word stays whole. */
function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}
