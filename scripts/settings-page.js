// Writes docs/reference/settings.md and gunicorn-settings.md from the settings table. Run it after `npm run build:tests`.

import { mkdirSync, writeFileSync } from 'node:fs';
import { gunicornPage } from '../.build/src/config/gunicorn-page.js';
import { settingsPage } from '../.build/src/config/settings-page.js';

const folder = new URL('../docs/reference/', import.meta.url);
mkdirSync(folder, { recursive: true });
writeFileSync(new URL('settings.md', folder), settingsPage());
writeFileSync(new URL('gunicorn-settings.md', folder), gunicornPage());
