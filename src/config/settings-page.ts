// docs/reference/settings.md, written from the table. `npm run settings-page` writes it anew.

import { APP_SETTINGS } from './app-settings.ts';
import { defaultText, flagForms } from './describe.ts';
import { OFFERED_SECTIONS, SETTINGS, type SettingName } from './settings.ts';

const INTRODUCTION = `# Settings

Written by \`npm run settings-page\` from the settings table in \`src/config\`; change that, not this page.

A value comes from the strongest source that gives one, weakest first:

1. the default,
2. a variable of its own, where the setting names one below,
3. the configuration file: [kirin.toml](../operate/configuration.md) or [gunicorn.conf.py](../gunicorn.md#the-configuration-file),
4. the options in the variable \`GUNICORN_CMD_ARGS\`,
5. the options in the variable \`KIRIN_CMD_ARGS\`,
6. the command line.

Options stand before or after APP_MODULE, as \`--flag value\` or \`--flag=value\`; a long one may be cut short as long as it stays
unambiguous. Durations are in seconds and may have a fraction; sizes (SIZE) are in bytes, or with K, M or G (1024, 1024², 1024³ of them). \`kirin --print-config\` prints every setting as
resolved, and where each value came from: in a terminal, and with \`--json\`.
`;

export function settingsPage(): string {
  const sections = OFFERED_SECTIONS.map(
    ({ title, names }) => `## ${title}\n\n${names.map(entry).join('\n')}`,
  );
  return [INTRODUCTION, ...sections].join('\n');
}

function entry(name: SettingName): string {
  const { help, detail, environment } = SETTINGS[name];
  const forms = flagForms(name).map(code).join(', ');
  const value = defaultText(name);
  const facts = [
    forms === '' ? null : `- On the command line: ${forms}`,
    environment === undefined ? null : `- Variable: ${code(environment.variable)}`,
    APP_SETTINGS.has(name)
      ? '- Also for [one of several applications](../operate/several-applications.md)'
      : null,
    value === null ? null : `- Default: ${SETTINGS[name].defaultText === undefined ? code(value) : value}`,
  ].filter((fact) => fact !== null);
  const text = detail === undefined ? `${help}.` : `${help}. ${detail}`;
  return `### ${name}\n\n${text}\n\n${facts.join('\n')}\n`;
}

const code = (text: string): string => `\`${text}\``;
