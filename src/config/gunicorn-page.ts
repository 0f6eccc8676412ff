// docs/reference/gunicorn-settings.md, written from the table. `npm run settings-page` writes it anew.

import { SETTING_NAMES, SETTINGS, type SettingName } from './settings.ts';

const INTRODUCTION = `# Gunicorn's settings that mean something else here

Written by \`npm run settings-page\` from the settings table in \`src/config\`; change that, not this page.

Every setting and flag of Gunicorn 27 that is not on this page has [its own entry](settings.md), under the same name; [Coming from
Gunicorn](../gunicorn.md) says where values and effects differ.
`;

const WITHOUT = `## Accepted, without effect

Kirin says so once at the start, at info, when one is set to anything but its default.
`;

const REFUSED = `## Refused

Any value but the default ends the start, with this message and exit code 1.
`;

export function gunicornPage(): string {
  return [
    INTRODUCTION,
    WITHOUT,
    table('why', (name) => SETTINGS[name].without),
    REFUSED,
    table('message', (name) => SETTINGS[name].refused),
  ].join('\n');
}

function table(column: string, reasonOf: (name: SettingName) => string | undefined): string {
  const rows = SETTING_NAMES.flatMap((name) => {
    const reason = reasonOf(name);
    if (reason === undefined) return [];
    const flags = SETTINGS[name].flags.map((flag) => `\`${flag}\``).join(', ');
    return [`| \`${name}\` | ${flags} | ${reason} |\n`];
  });
  return `| setting | flags | ${column} |\n| --- | --- | --- |\n${rows.sort().join('')}`;
}
